/*
 * Keeps, beside a data folder, what of it would survive a loss of power: the test of power loss loads it into the server.
 *
 * Every call below does what it always did, so the data folder holds all that was ever written. SHIM_SHADOW holds what was
 * flushed: `inodes/N` has the contents of the file with inode N as of its last fsync, `names/` the data folder's entries as
 * of its own last fsync, as hard links into `inodes`. Only files that lie directly in SHIM_SHADOWED are followed, and not
 * SQLite's shared memory (`-shm`), which is made anew at each start.
 *
 * A write is noted as a dirty range of its file, whoever makes it and by whichever descriptor. fsync copies the dirty ranges
 * and the length before it returns; a process that is killed in between leaves a flush that is half done, as a disk does.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES 256
#define RANGES 512
/* As long as a disk takes: a process that is killed at a random moment is to be killed in the middle of a flush mostly. */
#define FLUSH_MICROS 2000

struct range { off_t from, to; };
/*
 * `source` reads the file and is never closed: closing any descriptor of a file would drop the locks that SQLite has on it,
 * and while it is open no other file can get its inode.
 */
struct file { ino_t inode; int used; int source; int count; struct range dirty[RANGES]; };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct file files[FILES];
static const char *data, *shadow;
static dev_t device;
static ino_t folder;

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);

static void die(const char *what) {
    dprintf(2, "power-loss shim: %s: %s\n", what, strerror(errno));
    _exit(97);
}

/* The file behind a descriptor if it is followed, made when it is new. The caller holds the lock. */
static struct file *followed(int fd) {
    struct stat stat;
    char link[64], path[PATH_MAX];
    struct file *empty = NULL;
    if (!data || fstat(fd, &stat) || !S_ISREG(stat.st_mode) || stat.st_dev != device) return NULL;
    for (int i = 0; i < FILES; i++) {
        if (files[i].used && files[i].inode == stat.st_ino) return &files[i];
        if (!files[i].used && !empty) empty = &files[i];
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return NULL;
    path[length] = 0;
    size_t prefix = strlen(data);
    if (strncmp(path, data, prefix) || path[prefix] != '/' || strchr(path + prefix + 1, '/')) return NULL;
    if (length > 4 && !strcmp(path + length - 4, "-shm")) return NULL;
    if (!empty) die("too many files");
    memset(empty, 0, sizeof *empty);
    empty->source = open(link, O_RDONLY | O_CLOEXEC);
    if (empty->source < 0) die("open again");
    empty->used = 1;
    empty->inode = stat.st_ino;
    return empty;
}

static void dirty(int fd, off_t from, off_t to) {
    if (from >= to) return;
    pthread_mutex_lock(&lock);
    struct file *file = followed(fd);
    if (file) {
        struct range *last = file->count ? &file->dirty[file->count - 1] : NULL;
        if (last && from <= last->to && to >= last->from) {
            if (from < last->from) last->from = from;
            if (to > last->to) last->to = to;
        } else if (file->count < RANGES) {
            file->dirty[file->count++] = (struct range){from, to};
        } else {
            /* Too many to tell apart: one that holds them all. */
            for (int i = 0; i < file->count; i++) {
                if (file->dirty[i].from < from) from = file->dirty[i].from;
                if (file->dirty[i].to > to) to = file->dirty[i].to;
            }
            file->dirty[0] = (struct range){from, to};
            file->count = 1;
        }
    }
    pthread_mutex_unlock(&lock);
}

static void copy_range(int from, int to, struct range range) {
    char buffer[65536];
    while (range.from < range.to) {
        size_t want = range.to - range.from < (off_t)sizeof buffer ? (size_t)(range.to - range.from) : sizeof buffer;
        ssize_t got = pread(from, buffer, want, range.from);
        if (got < 0) die("read");
        if (got == 0) return;
        if (real_pwrite(to, buffer, (size_t)got, range.from) != got) die("copy");
        range.from += got;
    }
}

static int flushed_copy(ino_t inode, int flags) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/inodes/%lu", shadow, (unsigned long)inode);
    return open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
}

static void flush_file(int fd, struct file *file) {
    struct stat stat;
    usleep(FLUSH_MICROS);
    int copy = flushed_copy(file->inode, 0);
    if (copy < 0 || fstat(fd, &stat)) die("flush");
    for (int i = 0; i < file->count; i++) copy_range(file->source, copy, file->dirty[i]);
    if (ftruncate(copy, stat.st_size)) die("length");
    close(copy);
    file->count = 0;
}

/* Makes names/ what the data folder is now. */
static void flush_folder(void) {
    char names[PATH_MAX], path[PATH_MAX * 2], inode[PATH_MAX];
    struct dirent *entry;
    struct stat now, kept;
    snprintf(names, sizeof names, "%s/names", shadow);
    DIR *list = opendir(names);
    if (!list) die("names");
    while ((entry = readdir(list))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        snprintf(path, sizeof path, "%s/%s", data, entry->d_name);
        if (!stat(path, &now)) continue;
        snprintf(path, sizeof path, "%s/%s", names, entry->d_name);
        unlink(path);
    }
    closedir(list);
    list = opendir(data);
    if (!list) die("folder");
    while ((entry = readdir(list))) {
        size_t length = strlen(entry->d_name);
        snprintf(path, sizeof path, "%s/%s", data, entry->d_name);
        if (stat(path, &now) || !S_ISREG(now.st_mode)) continue;
        if (length > 4 && !strcmp(entry->d_name + length - 4, "-shm")) continue;
        int copy = flushed_copy(now.st_ino, 0);
        if (copy < 0) die("inode");
        if (fstat(copy, &kept)) die("inode");
        close(copy);
        snprintf(inode, sizeof inode, "%s/inodes/%lu", shadow, (unsigned long)now.st_ino);
        snprintf(path, sizeof path, "%s/names/%s", shadow, entry->d_name);
        if (!stat(path, &now) && now.st_ino == kept.st_ino) continue;
        unlink(path);
        if (link(inode, path)) die("link");
    }
    closedir(list);
}

static int flush(int fd) {
    struct stat stat;
    if (data && !fstat(fd, &stat)) {
        pthread_mutex_lock(&lock);
        if (S_ISDIR(stat.st_mode)) {
            if (stat.st_dev == device && stat.st_ino == folder) flush_folder();
        } else {
            struct file *file = followed(fd);
            if (file) flush_file(fd, file);
        }
        pthread_mutex_unlock(&lock);
    }
    return 0;
}

/* What lies in the folder when the process starts was flushed long ago. */
__attribute__((constructor)) static void start(void) {
    struct stat stat;
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_writev = dlsym(RTLD_NEXT, "writev");
    const char *wanted = getenv("SHIM_SHADOWED");
    shadow = getenv("SHIM_SHADOW");
    if (!wanted || !shadow || lstat(wanted, &stat)) return;
    device = stat.st_dev;
    folder = stat.st_ino;
    data = wanted;
    DIR *list = opendir(data);
    struct dirent *entry;
    char path[PATH_MAX];
    while (list && (entry = readdir(list))) {
        size_t length = strlen(entry->d_name);
        snprintf(path, sizeof path, "%s/%s", data, entry->d_name);
        if (lstat(path, &stat) || !S_ISREG(stat.st_mode)) continue;
        if (length > 4 && !strcmp(entry->d_name + length - 4, "-shm")) continue;
        int from = open(path, O_RDONLY | O_CLOEXEC), to = flushed_copy(stat.st_ino, O_TRUNC);
        if (from < 0 || to < 0) die("first copy");
        copy_range(from, to, (struct range){0, stat.st_size});
        close(from);
        close(to);
    }
    if (list) closedir(list);
    flush_folder();
}

ssize_t write(int fd, const void *bytes, size_t count) {
    off_t at = data ? lseek(fd, 0, SEEK_CUR) : -1;
    if (!real_write) real_write = dlsym(RTLD_NEXT, "write");
    ssize_t done = real_write(fd, bytes, count);
    if (done > 0 && at >= 0) {
        /* With O_APPEND it went to the end, wherever the offset was. */
        off_t after = lseek(fd, 0, SEEK_CUR);
        dirty(fd, after - done, after);
    }
    return done;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    off_t at = data ? lseek(fd, 0, SEEK_CUR) : -1;
    ssize_t done = real_writev(fd, parts, count);
    if (done > 0 && at >= 0) {
        off_t after = lseek(fd, 0, SEEK_CUR);
        dirty(fd, after - done, after);
    }
    return done;
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    ssize_t done = real_pwrite(fd, bytes, count, at);
    if (done > 0) dirty(fd, at, at + done);
    return done;
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) { return pwrite64(fd, bytes, count, at); }

int fsync(int fd) { return flush(fd); }

int fdatasync(int fd) { return flush(fd); }
