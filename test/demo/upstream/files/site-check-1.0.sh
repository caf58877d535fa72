#!/bin/sh
# site-check 1.0: is the depot of this site reachable?
# usage: site-check.sh http://HOST:PORT
set -eu
url=${1:?usage: site-check.sh http://HOST:PORT}
curl --fail --silent --show-error --output /dev/null "$url/v2/"
echo "registry at $url answers"
