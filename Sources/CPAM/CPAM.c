#define _GNU_SOURCE
#include "CPAM.h"

#include <dlfcn.h>
#include <pthread.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    __typeof__(&pam_start) start;
    __typeof__(&pam_set_item) set_item;
    __typeof__(&pam_authenticate) authenticate;
    __typeof__(&pam_acct_mgmt) acct_mgmt;
    __typeof__(&pam_strerror) strerror;
    __typeof__(&pam_end) end;
} library;
static char load_error[256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

#define RESOLVE(name) ((library.name = (__typeof__(library.name))dlsym(handle, "pam_" #name)) != NULL)

static void load(void) {
    void *handle = dlopen("libpam.so.0", RTLD_NOW | RTLD_LOCAL);
    if (handle != NULL && RESOLVE(start) && RESOLVE(set_item) && RESOLVE(authenticate) && RESOLVE(acct_mgmt) &&
        RESOLVE(strerror) && RESOLVE(end))
        return;
    const char *why = dlerror();
    snprintf(load_error, sizeof load_error, "%s", why == NULL ? "libpam.so.0 cannot be loaded" : why);
}

/// Answers every prompt that does not echo with the password, and fails on those that do.
static int converse(int count, const struct pam_message **messages, struct pam_response **answers, void *password) {
    if (count <= 0 || count > PAM_MAX_NUM_MSG) return PAM_CONV_ERR;
    struct pam_response *list = calloc((size_t)count, sizeof *list);
    if (list == NULL) return PAM_BUF_ERR;
    for (int i = 0; i < count; i++) {
        switch (messages[i]->msg_style) {
        case PAM_PROMPT_ECHO_OFF:
            list[i].resp = strdup(password);
            if (list[i].resp != NULL) break;
            /* fall through */
        case PAM_PROMPT_ECHO_ON:
            while (i-- > 0) free(list[i].resp);
            free(list);
            return PAM_CONV_ERR;
        default: break;
        }
    }
    *answers = list;
    return PAM_SUCCESS;
}

static int verdict(int code) {
    switch (code) {
    case PAM_SUCCESS: return cpam_accepted;
    case PAM_AUTH_ERR:
    case PAM_USER_UNKNOWN:
    case PAM_MAXTRIES:
    case PAM_PERM_DENIED:
    case PAM_CRED_INSUFFICIENT:
    case PAM_ACCT_EXPIRED:
    case PAM_NEW_AUTHTOK_REQD:
    case PAM_AUTHTOK_EXPIRED: return cpam_refused;
    default: return cpam_unavailable;
    }
}

int cpam_check(
    const char *service, const char *user, const char *password, const char *remote_host, char *reason, size_t size) {
    pthread_once(&once, load);
    if (load_error[0] != 0) {
        snprintf(reason, size, "PAM is not installed: %s", load_error);
        return cpam_unavailable;
    }
    pam_handle_t *handle = NULL;
    struct pam_conv conversation = {converse, (void *)password};
    const char *step = "pam_start";
    int code = library.start(service, user, &conversation, &handle);
    if (code == PAM_SUCCESS) {
        step = "pam_set_item";
        code = library.set_item(handle, PAM_RHOST, remote_host);
    }
    if (code == PAM_SUCCESS) {
        step = "pam_authenticate";
        code = library.authenticate(handle, PAM_DISALLOW_NULL_AUTHTOK);
    }
    if (code == PAM_SUCCESS) {
        step = "pam_acct_mgmt";
        code = library.acct_mgmt(handle, PAM_DISALLOW_NULL_AUTHTOK);
    }
    snprintf(reason, size, "%s: %s", step, handle == NULL ? "failed" : library.strerror(handle, code));
    if (handle != NULL) library.end(handle, code);
    return verdict(code);
}
