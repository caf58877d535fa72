package main

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/loader"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	chartloader "helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	release "helm.sh/helm/v4/pkg/release/v1"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
)

// Job is what the host asks for, beside the archive. Names that may be left out have the defaults of `helm template`.
type Job struct {
	Values      []ValuesFile `json:"values"`
	Release     string       `json:"release"`
	Namespace   string       `json:"namespace"`
	KubeVersion string       `json:"kubeVersion"`
	APIVersions []string     `json:"apiVersions"`
	CRDs        bool         `json:"crds"`
	SkipTests   bool         `json:"skipTests"`
	// MostOutput is how many bytes of text may come out.
	MostOutput int `json:"mostOutput"`
	// MemoryTarget is from how many bytes on memory is cleaned more eagerly.
	MemoryTarget int64 `json:"memoryTarget"`
}

// ValuesFile is one `--values`: later ones win.
type ValuesFile struct {
	Name    string `json:"name"`
	Content string `json:"content"`
}

type rendered struct {
	text  string
	notes string
}

var errOutput = errors.New("more output than allowed")

// renderJob does what `helm template` does (pkg/cmd/template.go, pkg/cmd/install.go and pkg/action/install.go of Helm).
func renderJob(job Job, archive []byte) (out rendered, failure *Failure) {
	if job.MemoryTarget > 0 {
		debug.SetMemoryLimit(job.MemoryTarget)
	}
	chrt, err := load(archive)
	if err != nil {
		return rendered{}, &Failure{Kind: "archive", Message: err.Error()}
	}
	name := chrt.Name() + " " + chrt.Metadata.Version
	defer func() {
		if cause := recover(); cause != nil {
			out, failure = rendered{}, &Failure{Kind: "chart", Message: fmt.Sprintf("rendering failed: %v", cause), Chart: name}
		}
	}()
	out, err = template(job, chrt)
	if errors.Is(err, errOutput) {
		return rendered{}, &Failure{Kind: "output", Message: err.Error(), Chart: name}
	}
	if err != nil {
		return rendered{}, &Failure{Kind: "chart", Message: withoutNetwork(err.Error()), Chart: name}
	}
	return out, nil
}

func load(archive []byte) (*chart.Chart, error) {
	if !bytes.HasPrefix(archive, []byte("\x1F\x8B\x08")) {
		return nil, errors.New("it is not a gzipped archive")
	}
	loaded, err := loader.LoadArchive(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	chrt, ok := loaded.(*chart.Chart)
	if !ok {
		return nil, errors.New("invalid chart apiVersion")
	}
	return chrt, nil
}

func template(job Job, chrt *chart.Chart) (rendered, error) {
	if err := checkInstallable(chrt, job); err != nil {
		return rendered{}, err
	}
	capabilities, err := capabilitiesOf(job)
	if err != nil {
		return rendered{}, err
	}
	values, err := mergeValues(job.Values)
	if err != nil {
		return rendered{}, err
	}
	if err := chartutil.ProcessDependencies(chrt, values); err != nil {
		return rendered{}, fmt.Errorf("chart dependencies processing failed: %w", err)
	}
	options := common.ReleaseOptions{Name: job.Release, Namespace: job.Namespace, Revision: 1, IsInstall: true}
	toRender, err := util.ToRenderValuesWithSchemaValidation(chrt, values, options, capabilities, false)
	if err != nil {
		return rendered{}, err
	}
	if wants := chrt.Metadata.KubeVersion; wants != "" && !chartutil.IsCompatibleRange(wants, capabilities.KubeVersion.String()) {
		return rendered{}, fmt.Errorf("chart requires kubeVersion: %s which is incompatible with Kubernetes %s", wants, capabilities.KubeVersion.Version)
	}
	files, err := engine.Render(chrt, toRender)
	if err != nil {
		return rendered{}, err
	}
	return print(job, chrt, files)
}

func checkInstallable(chrt *chart.Chart, job Job) error {
	if kind := chrt.Metadata.Type; kind != "" && kind != "application" {
		return fmt.Errorf("%s charts are not installable", kind)
	}
	if missing := missingDependencies(chrt); len(missing) > 0 {
		return fmt.Errorf("found in Chart.yaml, but missing in charts/ directory: %s", strings.Join(missing, ", "))
	}
	if err := chartutil.ValidateReleaseName(job.Release); err != nil {
		return fmt.Errorf("release name %q: %w", job.Release, err)
	}
	return nil
}

func capabilitiesOf(job Job) (*common.Capabilities, error) {
	capabilities := common.DefaultCapabilities.Copy()
	if job.KubeVersion != "" {
		version, err := common.ParseKubeVersion(job.KubeVersion)
		if err != nil {
			return nil, fmt.Errorf("invalid kube version '%s': %w", job.KubeVersion, err)
		}
		capabilities.KubeVersion = *version
	}
	capabilities.APIVersions = slices.Concat(capabilities.APIVersions, job.APIVersions)
	return capabilities, nil
}

func mergeValues(files []ValuesFile) (map[string]any, error) {
	merged := map[string]any{}
	for _, file := range files {
		values, err := chartloader.LoadValues(strings.NewReader(file.Content))
		if err != nil {
			return nil, fmt.Errorf("failed to parse %s: %w", file.Name, err)
		}
		merged = chartloader.MergeMaps(merged, values)
	}
	return merged, nil
}

func missingDependencies(chrt *chart.Chart) []string {
	var missing []string
	for _, wanted := range chrt.Metadata.Dependencies {
		if !slices.ContainsFunc(chrt.Dependencies(), func(there *chart.Chart) bool { return there.Name() == wanted.Name }) {
			missing = append(missing, wanted.Name)
		}
	}
	return missing
}

// print writes what `helm template` prints: the resources, definitions first if they are asked for, then the hooks.
func print(job Job, chrt *chart.Chart, files map[string]string) (rendered, error) {
	notes := takeNotes(chrt, files)
	if isMore(files, job.MostOutput) {
		return rendered{}, errOutput
	}
	hooks, manifests, err := releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
	if err != nil {
		return rendered{}, err
	}
	resources := &output{most: job.MostOutput}
	if job.CRDs {
		for _, crd := range chrt.CRDObjects() {
			resources.add(crd.Filename, string(crd.File.Data))
		}
	}
	for _, manifest := range manifests {
		resources.add(manifest.Name, manifest.Content)
	}
	text := &output{most: job.MostOutput, lost: resources.lost}
	text.WriteString(strings.TrimSpace(resources.String()) + "\n")
	for _, hook := range hooks {
		if !job.SkipTests || !slices.Contains(hook.Events, release.HookTest) {
			text.add(hook.Path, hook.Manifest)
		}
	}
	if text.lost {
		return rendered{}, errOutput
	}
	return rendered{text: text.String(), notes: notes}, nil
}

// takeNotes removes the notes of all charts, which are no resources, and returns those of the chart itself.
func takeNotes(chrt *chart.Chart, files map[string]string) string {
	notes := ""
	own := path.Join(chrt.Name(), "templates", "NOTES.txt")
	for name, content := range files {
		if !strings.HasSuffix(name, "NOTES.txt") {
			continue
		}
		if name == own {
			notes = content
		}
		delete(files, name)
	}
	return notes
}

// isMore tells it before what is too much is read as YAML, which takes far longer than rendering it.
func isMore(files map[string]string, most int) bool {
	for _, content := range files {
		most -= len(content)
	}
	return most < 0
}

type output struct {
	strings.Builder
	most int
	lost bool
}

func (out *output) add(source, content string) {
	if out.lost || out.Len()+len(content) > out.most {
		out.lost = true
		return
	}
	fmt.Fprintf(&out.Builder, "---\n# Source: %s\n%s\n", source, content)
}

var notLoaded = regexp.MustCompile(`failing loading "((?:https?|file):[^"]*)": .*`)

// withoutNetwork says why a schema cannot refer to another place: the library would name the calls that are not there.
func withoutNetwork(message string) string {
	return notLoaded.ReplaceAllString(message, `the values schema refers to "$1": only references inside the schema are followed, nothing is read over the network or from files`)
}
