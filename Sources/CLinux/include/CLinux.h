// What Linux offers and the Glibc module does not show to Swift: macros, variadic calls and structs with unions, each as
// a small inline function that changes nothing else. Without _GNU_SOURCE: it would give fd_set and its like another shape
// than they have in the modules of Glibc and OpenSSL, and a build from scratch fails on that.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

/// The flags of epoll(7) that we use, as plain integers.
static const uint32_t clinux_epollin = EPOLLIN;
static const uint32_t clinux_epollout = EPOLLOUT;
static const uint32_t clinux_epollrdhup = EPOLLRDHUP;
static const uint32_t clinux_epollhup = EPOLLHUP;
static const uint32_t clinux_epollerr = EPOLLERR;
static const uint32_t clinux_epollet = 1u << 31;
static const uint32_t clinux_epollexclusive = 1u << 28;

static inline int clinux_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static inline int clinux_epoll_add(int epoll, int fd, uint32_t events, uint64_t data) {
    struct epoll_event event = {.events = events, .data = {.u64 = data}};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static inline int clinux_epoll_modify(int epoll, int fd, uint32_t events, uint64_t data) {
    struct epoll_event event = {.events = events, .data = {.u64 = data}};
    return epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
}

static inline int clinux_epoll_delete(int epoll, int fd) { return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL); }

static inline uint64_t clinux_epoll_data(const struct epoll_event *event) { return event->data.u64; }

static inline int clinux_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

static inline int clinux_timerfd(void) { return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK); }

/// Has a timer expire once, at a time of CLOCK_MONOTONIC.
static inline int clinux_timerfd_set(int fd, int64_t nanoseconds) {
    struct itimerspec when = {.it_value = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000}};
    return timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL);
}

/// recv(2) and, without SIGPIPE, send(2), straight from the kernel: no thread of ours is ever cancelled, so the bookkeeping
/// that glibc does around these two for pthread_cancel is for nothing.
ssize_t clinux_recv(int fd, void *buffer, size_t count);
ssize_t clinux_send(int fd, const void *bytes, size_t count);

/// Asks the DNS (res_nquery(3)), the given servers, at most three, or without any those of the system. The length of the answer, or
/// -1 when there is none.
int clinux_dns_query(const char *name, int type, const struct sockaddr_storage *servers, int count, int timeout,
                     int attempts, unsigned char *answer, int capacity);

/// accept4(2) with SOCK_NONBLOCK and SOCK_CLOEXEC.
int clinux_accept(int fd, struct sockaddr *address, socklen_t *length);

static inline int clinux_socket(int family) { return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

/// fcntl(2) is variadic, which Swift cannot call.
static inline int clinux_set_nonblocking(int fd) {
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 ? flags : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

/// The peer of a Unix socket (SO_PEERCRED, unix(7)); 0 on success.
int clinux_peer_credentials(int fd, pid_t *pid, uid_t *uid);

/// sendmsg(2) with descriptors (SCM_RIGHTS, unix(7)), without SIGPIPE and without waiting. How many bytes went out, or -1.
ssize_t clinux_send_descriptors(int fd, const void *bytes, size_t count, const int *descriptors, size_t descriptor_count);

/// recvmsg(2), without waiting: the bytes, and the descriptors that came with them, at most CLINUX_DESCRIPTORS, closed on exec.
/// -1 with errno EMSGSIZE when some of them did not come through; those that did are closed.
ssize_t clinux_receive_descriptors(int fd, void *buffer, size_t size, int *descriptors, size_t *descriptor_count);

/// How many descriptors one message takes (SCM_MAX_FD is 253).
enum { CLINUX_DESCRIPTORS = 200 };

/// pidfd_open(2): a descriptor that stands for a process and is readable once that has ended.
int clinux_pidfd_open(pid_t process);

/// fcntl(2) with F_DUPFD_CLOEXEC.
static inline int clinux_duplicate(int fd) { return fcntl(fd, F_DUPFD_CLOEXEC, 0); }

/// wait(2)'s macros.
static inline int clinux_exited(int status) { return WIFEXITED(status); }
static inline int clinux_exit_status(int status) { return WEXITSTATUS(status); }

/// fork(2), which Swift hides because only a process with one thread may go on in the child.
static inline pid_t clinux_fork(void) { return fork(); }

/// syslog(3) is variadic; the text is never a format.
static inline void clinux_syslog(int priority, const char *text, int length) {
    syslog(priority, "%.*s", length, text);
}

/// How many bytes the allocator holds for a heap object (malloc_usable_size(3)).
size_t clinux_allocated_size(void *object);

/// Gives free pages of the allocator back to the system (malloc_trim(3)).
void clinux_trim_heap(void);

/// environ(7).
char **clinux_environment(void);

/// pipe2(2) with O_CLOEXEC.
int clinux_pipe(int ends[2]);

/// posix_spawnp(3) of a program with /dev/null as its standard input, the given descriptors as its output and standard
/// error, no other descriptor, a process group of its own and its signals as they are by default. 0, or an errno.
int clinux_spawn(pid_t *process, char *const arguments[], char *const environment[], int output, int errors);
