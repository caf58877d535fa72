#!/bin/sh
# site-check 1.1: is the depot of this site reachable, and is an image there?
# usage: site-check.sh http://HOST:PORT [REPOSITORY TAG]
set -eu
url=${1:?usage: site-check.sh http://HOST:PORT [REPOSITORY TAG]}
curl --fail --silent --show-error --output /dev/null "$url/v2/"
echo "registry at $url answers"
if [ $# -ge 3 ]; then
  curl --fail --silent --show-error --head --output /dev/null \
    --header 'Accept: application/vnd.oci.image.index.v1+json' "$url/v2/$2/manifests/$3"
  echo "$2:$3 is there"
fi
