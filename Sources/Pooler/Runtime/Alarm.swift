import CLinux

/// Wakes a poller at a time (timerfd_create(2)).
///
/// The timeout of epoll_wait would do it too, but has the kernel set up and take down a timer for every wait, a good part of a
/// wait's cost, and counts in milliseconds. What is due is rarely due sooner than what was due before, so one timer that is left
/// alone serves thousands of waits.
struct Alarm: ~Copyable {
    private let timer: FileDescriptor
    /// When it rings; `never` once it has been heard.
    private var ringsAt = Instant.never

    init() throws(Errno) {
        let number = clinux_timerfd()
        guard number >= 0 else { throw Errno.last }
        timer = FileDescriptor(number)
    }

    /// Readable from when it rings until it is set again. Watched edge-triggered, it needs no reading.
    var descriptor: Int32 { timer.number }

    /// Makes it ring at `due` or sooner: one that is on its way to ring before is left alone, and whoever it wakes asks for the
    /// next time.
    mutating func ring(by due: Instant) {
        if ringsAt <= due { return }
        ringsAt = due
        let result = clinux_timerfd_set(timer.number, max(1, due.nanoseconds))
        precondition(result == 0, "timerfd_settime failed: \(Errno.last)")
    }

    /// The poller has told that it rings. That it should have, by the clock, says nothing: nobody may have heard it yet.
    mutating func wasHeard() { ringsAt = .never }
}
