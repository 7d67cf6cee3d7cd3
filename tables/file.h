/*
 * Files whose words a program follows without asking again: a saved plan, a file of options, a
 * signature. Whoever can write to such a file, or put another in its place, decides what the
 * program does, so what is no plain file, or can be written by everybody, is refused. All questions
 * are asked of the open descriptor; nothing is looked up twice by its name.
 *
 * Errors are of TBL_EXIT_ERROR: TBL_EXIT_REFUSED for what the file is (a symbolic link, FIFO,
 * socket, device, directory, world-writable, too large), TBL_EXIT_FAILED where it cannot be read.
 * Messages begin with the path.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* An open descriptor of `path` for reading, and its size; -1 with `error`. Never waits for a FIFO's
 * writer. `max`: bytes that it may have. The caller closes. */
int tbl_file_open_trusted(const char *path, gsize max, gsize *size, GError **error);

/* All its bytes, with a NUL behind them; the caller frees. NULL with `error`, also when it grew
 * beyond `max` meanwhile; no more than `max` bytes are ever asked memory for. */
char *tbl_file_read_trusted(const char *path, gsize max, gsize *length, GError **error);

/* Puts a file that was written under another name in the same folder, open as `fd`, in its place:
 * its bytes reach the disk before the name does, and the name before this returns, so that a loss
 * of power leaves what was there or all of this one. False with errno; `temporary` may then still
 * be there. */
bool tbl_file_replace(int fd, const char *temporary, const char *path);

/* Both paths name one file, by whatever name; or would, where one is not there yet. */
bool tbl_file_same(const char *one, const char *other);
