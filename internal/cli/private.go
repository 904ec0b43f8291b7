package cli

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Why a file for secrets or evidence is not written to.
var (
	errLink    = errors.New("it is a symbolic link, which is not followed; name the file itself")
	errNoFile  = errors.New("it is not a regular file; name a file, which is made when there is none")
	errForeign = errors.New("it belongs to another user; move it away, and a new one is made")
)

// AppendPrivate opens a file for appending that only this user may read and write. It makes one of mode 0600 where there is
// none. A symbolic link, a file of another user and one that others may read or write are refused: whoever made it could read
// what is written, or have it written elsewhere. The error is one line without the path.
func AppendPrivate(path string) (*os.File, error) {
	// A named pipe that nobody reads would block the opening for ever.
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
	switch {
	case errors.Is(err, syscall.ELOOP):
		return nil, errLink
	case err != nil:
		return nil, withoutPath(err)
	}
	if err := checkPrivate(f); err != nil {
		_ = f.Close() // nothing was written
		return nil, err
	}
	return f, nil
}

func checkPrivate(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return withoutPath(err)
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	switch mode := info.Mode(); {
	case !mode.IsRegular():
		return errNoFile
	case known && int(owner.Uid) != os.Geteuid():
		return errForeign
	case mode.Perm()&0o077 != 0:
		return fmt.Errorf("it has mode %04o, so that others may read or write it; chmod 600 it", mode.Perm())
	}
	return nil
}

// CreatePrivate writes a new file that only this user may read and write. It is an error (fs.ErrExist) when anything has that
// name, a symbolic link that leads nowhere included. The error has no path.
func CreatePrivate(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // O_EXCL follows no link
	if err != nil {
		return withoutPath(err)
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(withoutPath(err), os.Remove(path)) // half of it is nothing
	}
	return nil
}

func withoutPath(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
