// Package filestore keeps the document in one file that operators can read and edit. It needs no
// server: an application and the downtime command share the file, in two processes of one host. The
// application sees a change with its next poll, after 100 ms.
//
// # Reading
//
// Readers take no lock and write nothing, so a read-only mount or a Kubernetes ConfigMap is
// enough. Symbolic links are followed, because a ConfigMap is made of them. The store returns
// the bytes of the file as they are. An edit by hand is another document with another token.
// An empty file is a document of zero bytes. These files are errors: a file that is not
// regular, is larger than [store.MaxBytes] or cannot be read, and a file that is not trusted.
//
// A missing file is [store.ErrLost] in three cases: this Store has seen a document; there is a
// marker (the path with ".written"), which Swap leaves beside the document for all users who can
// read it; or [MustExist] is set. Otherwise it is [store.ErrNeverWritten]. A marker that cannot
// be read is an error.
//
// The marker also names the newest document that was written. If an older copy is put back,
// [store.Rowset] names that document as Newest, until an operator reconciles the store. The marker
// is written durably after the document. So it never names a document that was not there. If a
// writer dies between the two steps, the marker does not name that last document. If an older copy
// then replaces this document, the store does not notice it.
//
// A path can lead an operator and an application to different files, although no call fails. In two
// cases [store.Info] has a Warning: a directory of the path is a symbolic link, such as "current",
// which each release changes; or, on Linux, the file is mounted alone, for example into a
// container. A gate logs the warning once and reports it in its row. The command shows it. A write
// by rename outside such a mount never arrives in it. If a read shows that, Get returns an error.
// Keep the file in a directory that no release replaces, and mount that directory.
//
// # Shared machines
//
// A file is not trusted if every user of the system can write it. The same holds if the directory
// is writable for all, so that every user can replace the file or a link that leads to it. In a
// sticky directory that is writable for all, like /tmp, a file must have only one name, and must
// belong to a trusted user: root, the directory's owner, or a user with a live row. In such a
// directory, Swap returns an error unless the process runs as a trusted user. The same rules apply
// to the lock, the marker and the directory of the rows. A place that is mounted read-only is
// trusted. [TrustWritable] trusts all files. The store does not check the directories above those
// that hold the file and its links.
//
// # Readers
//
// Operator and application can be two users. Each can read the files that the other creates,
// under any umask: a new file belongs to the directory's group if that group can write there, and
// each user who can enter the directory can read it. Root gives a new file to the directory's
// owner. A write fails with [store.ErrReadOnly] and changes nothing if one of these could not
// read the result: the directory's owner, a group that can write in the directory, or the owner
// of a live row. The error names the missing chmod or chgrp.
//
// # Writing
//
// One writer at a time holds a lock on the lock file (the path with ".lock"). Only users who can
// write in the directory can open it. The kernel frees the lock when the process ends, however it
// ends. The writer reads the document again, writes a temporary file in the same directory, makes
// it durable, and renames it over the document. A reader finds the old document or the new one,
// also after a crash of the machine. Owner, group and mode stay. ACLs and security labels are those
// of the directory. A write never goes through a symbolic link. The directory must be writable:
// mount the directory into a container instead of the file. If a write cannot be made durable, Swap
// returns [store.ErrUnconfirmed], although readers can see the write.
//
// Keep copies a document that cannot be decoded to the path with ".bad-" and the time, before
// the caller replaces it.
//
// # Instances
//
// Instances keep their rows in a directory beside the file (the path with ".instances"). A link
// in its place is an error. Each instance holds a lock on a file of its own for as long as its
// process lives. On the same host and boot, a lock that is free proves that the process is dead;
// elsewhere only the lease counts. Only users who can write rows can open these locks, because a
// user who can open one can hold it. For other users only the lease counts.
//
// The file belongs on a local file system. On a network file system, its locks and caches decide
// when a reader sees a change, and a call can block as long as the file system does.
package filestore
