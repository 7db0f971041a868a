// PAM, loaded when it is first needed: a daemon that checks no password by it neither has it in memory nor demands that
// it is installed.
#pragma once

#include <stddef.h>

/// What a check came to.
enum cpam_verdict {
    cpam_accepted = 0,
    /// The password, the user or the account is not good.
    cpam_refused = 1,
    /// PAM itself could not say.
    cpam_unavailable = 2,
};

/// Asks PAM: authentication, and whether the account may be used now. Prompts that do not echo are answered with the
/// password. Blocks; any thread may call. What PAM says of it is put into `reason`.
int cpam_check(
    const char *service, const char *user, const char *password, const char *remote_host, char *reason, size_t size);
