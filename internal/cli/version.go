package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// release and commit are what was released. make release sets them by the linker, so that the same
// source gives the same bytes with git and without.
var release, commit string

// Version is what this program was built from, as --version prints it.
func Version() string {
	info, _ := debug.ReadBuildInfo()
	return version(release, commit, info)
}

// Release names what this program was built from in one word: the release, or the commit where there is none.
func Release() string {
	if release != "" {
		return release
	}
	info, _ := debug.ReadBuildInfo()
	return built(info)
}

// version tells which release this is, the commit that it was built from, and which Go built it. A build that is
// no release has the commit from Go, or none.
func version(release, commit string, info *debug.BuildInfo) string {
	if release == "" {
		release = "devel"
	}
	if commit == "" {
		commit = built(info)
	}
	return fmt.Sprintf("%s, commit %s, %s", release, commit, runtime.Version())
}

// built is the commit that Go has noted, or "unknown".
func built(info *debug.BuildInfo) string {
	if info == nil {
		return "unknown"
	}
	revision, modified := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = "-dirty"
		}
	}
	if revision == "" {
		return "unknown"
	}
	return revision[:min(12, len(revision))] + modified
}
