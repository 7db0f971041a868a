// OpenSSL as Swift sees it: its headers, and the macros that the importer cannot read as inline functions.
#pragma once

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

// TLS: what OpenSSL has as macros over SSL_ctrl, SSL_CTX_ctrl and BIO_set_flags.

static inline void openssl_ctx_set_mode(SSL_CTX *ctx, long mode) { SSL_CTX_set_mode(ctx, mode); }
static inline int openssl_ctx_set_min_version(SSL_CTX *ctx, int version) {
    return SSL_CTX_set_min_proto_version(ctx, version);
}
static inline int openssl_ctx_set_max_version(SSL_CTX *ctx, int version) {
    return SSL_CTX_set_max_proto_version(ctx, version);
}
static inline int openssl_ctx_set_groups(SSL_CTX *ctx, const char *groups) {
    return SSL_CTX_set1_groups_list(ctx, groups);
}
static inline void openssl_ctx_set_dh_auto(SSL_CTX *ctx, int on) { SSL_CTX_set_dh_auto(ctx, on); }
/// How many suites of TLS 1.3 are set: unknown names in a list are no error to OpenSSL.
static inline int openssl_ctx_tls13_suite_count(SSL_CTX *ctx) {
    STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(ctx);
    int count = 0;
    for (int i = 0; ciphers != NULL && i < sk_SSL_CIPHER_num(ciphers); i++) {
        const char *version = SSL_CIPHER_get_version(sk_SSL_CIPHER_value(ciphers, i));
        if (strcmp(version, "TLSv1.3") == 0) count++;
    }
    return count;
}
static inline void openssl_ctx_set_session_cache(SSL_CTX *ctx, long mode) {
    SSL_CTX_set_session_cache_mode(ctx, mode);
}
static inline int openssl_ctx_has_chain(SSL_CTX *ctx) {
    STACK_OF(X509) *chain = NULL;
    SSL_CTX_get0_chain_certs(ctx, &chain);
    return chain != NULL && sk_X509_num(chain) > 0;
}
static inline int openssl_ctx_build_chain(SSL_CTX *ctx) {
    return SSL_CTX_build_cert_chain(
        ctx, SSL_BUILD_CHAIN_FLAG_NO_ROOT | SSL_BUILD_CHAIN_FLAG_IGNORE_ERROR | SSL_BUILD_CHAIN_FLAG_CLEAR_ERROR);
}
/// Names the authorities that clients are asked for a certificate of; 0 where the file cannot be read.
static inline int openssl_ctx_set_client_authorities(SSL_CTX *ctx, const char *file) {
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(file);
    if (names == NULL) return 0;
    SSL_CTX_set_client_CA_list(ctx, names);
    return 1;
}
static inline int openssl_set_server_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}
static inline const char *openssl_cipher_name(const SSL *ssl) { return SSL_get_cipher_name(ssl); }
static inline void openssl_bio_clear_retry(BIO *bio) { BIO_clear_retry_flags(bio); }
static inline void openssl_bio_set_retry_read(BIO *bio) { BIO_set_retry_read(bio); }
/// No renegotiation (TLS 1.2), no compression, our order of ciphers.
static inline void openssl_ctx_set_safe_options(SSL_CTX *ctx) {
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
}
/// Whether the certificate that the peer showed when a session began, if any, is still good by its dates.
static inline int openssl_session_is_fresh(const SSL_SESSION *session) {
    X509 *certificate = SSL_SESSION_get0_peer((SSL_SESSION *)session);
    return certificate == NULL || X509_cmp_time(X509_get0_notAfter(certificate), NULL) > 0;
}
static inline SSL_TICKET_RETURN openssl_judge_ticket(
    SSL *ssl, SSL_SESSION *session, const unsigned char *name, size_t size, SSL_TICKET_STATUS status, void *argument) {
    (void)ssl, (void)name, (void)size, (void)argument;
    switch (status) {
    case SSL_TICKET_SUCCESS:
        return openssl_session_is_fresh(session) ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_IGNORE_RENEW;
    case SSL_TICKET_SUCCESS_RENEW:
        return openssl_session_is_fresh(session) ? SSL_TICKET_RETURN_USE_RENEW : SSL_TICKET_RETURN_IGNORE_RENEW;
    case SSL_TICKET_EMPTY:
    case SSL_TICKET_NO_DECRYPT: return SSL_TICKET_RETURN_IGNORE_RENEW;
    default: return SSL_TICKET_RETURN_ABORT;
    }
}
/// A ticket is good for nothing once the certificate has expired that its holder had shown for it.
static inline int openssl_ctx_judge_tickets(SSL_CTX *ctx) {
    return SSL_CTX_set_session_ticket_cb(ctx, NULL, openssl_judge_ticket, NULL);
}
static inline void openssl_ctx_forbid_version(SSL_CTX *ctx, int version) {
    switch (version) {
    case TLS1_VERSION: SSL_CTX_set_options(ctx, SSL_OP_NO_TLSv1); break;
    case TLS1_1_VERSION: SSL_CTX_set_options(ctx, SSL_OP_NO_TLSv1_1); break;
    case TLS1_2_VERSION: SSL_CTX_set_options(ctx, SSL_OP_NO_TLSv1_2); break;
    case TLS1_3_VERSION: SSL_CTX_set_options(ctx, SSL_OP_NO_TLSv1_3); break;
    }
}
/// HMAC-SHA-256 under a key. In C, because an OSSL_PARAM keeps the pointer to its name.
static inline int openssl_mac_set_hmac_sha256(EVP_MAC_CTX *mac, const unsigned char *key, size_t size) {
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string("digest", (char *)"SHA256", 0),
        key == NULL ? OSSL_PARAM_construct_end() : OSSL_PARAM_construct_octet_string("key", (void *)key, size),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(mac, params);
}

// Public keys and signatures of JSON Web Tokens: parameter lists keep pointers, which is C's business.

static inline EVP_PKEY *openssl_public_key(const char *type, OSSL_PARAM *params) {
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (context != NULL && EVP_PKEY_fromdata_init(context) == 1)
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_CTX *check = key == NULL ? NULL : EVP_PKEY_CTX_new(key, NULL);
    int is_good = check != NULL && EVP_PKEY_public_check(check) == 1;
    EVP_PKEY_CTX_free(check);
    if (is_good) return key;
    EVP_PKEY_free(key);
    return NULL;
}
/// An RSA key of big-endian numbers, or NULL.
static inline EVP_PKEY *openssl_rsa_public_key(
    const unsigned char *modulus, size_t modulus_size, const unsigned char *exponent, size_t exponent_size) {
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = NULL;
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *n = BN_bin2bn(modulus, (int)modulus_size, NULL), *e = BN_bin2bn(exponent, (int)exponent_size, NULL);
    if (builder != NULL && n != NULL && e != NULL && OSSL_PARAM_BLD_push_BN(builder, "n", n) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, "e", e) == 1 && (params = OSSL_PARAM_BLD_to_param(builder)) != NULL)
        key = openssl_public_key("RSA", params);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    BN_free(n);
    BN_free(e);
    return key;
}
/// A key on P-256 of an uncompressed point, or NULL.
static inline EVP_PKEY *openssl_p256_public_key(const unsigned char *point, size_t size) {
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string("group", (char *)"P-256", 0),
        OSSL_PARAM_construct_octet_string("pub", (void *)point, size),
        OSSL_PARAM_construct_end(),
    };
    return openssl_public_key("EC", params);
}
static inline int openssl_verify(
    EVP_PKEY *key, const EVP_MD *digest, const unsigned char *signature, size_t signature_size,
    const unsigned char *bytes, size_t size) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int verdict = context != NULL && EVP_DigestVerifyInit(context, NULL, digest, NULL, key) == 1 &&
                  EVP_DigestVerify(context, signature, signature_size, bytes, size) == 1;
    EVP_MD_CTX_free(context);
    return verdict;
}
static inline int openssl_verify_rs256(
    EVP_PKEY *key, const unsigned char *signature, size_t signature_size, const unsigned char *bytes, size_t size) {
    return openssl_verify(key, EVP_sha256(), signature, signature_size, bytes, size);
}
static inline int openssl_verify_ed25519(
    EVP_PKEY *key, const unsigned char *signature, size_t signature_size, const unsigned char *bytes, size_t size) {
    return openssl_verify(key, NULL, signature, signature_size, bytes, size);
}
/// The signature is r and s, 32 bytes each (RFC 7518, section 3.4), which OpenSSL wants in DER.
static inline int openssl_verify_es256(
    EVP_PKEY *key, const unsigned char *signature, const unsigned char *bytes, size_t size) {
    unsigned char *encoded = NULL;
    int length = -1;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, 32, NULL), *s = BN_bin2bn(signature + 32, 32, NULL);
    if (pair != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(pair, r, s) == 1) {
        r = s = NULL;
        length = i2d_ECDSA_SIG(pair, &encoded);
    }
    int verdict = length > 0 && openssl_verify(key, EVP_sha256(), encoded, (size_t)length, bytes, size);
    OPENSSL_free(encoded);
    ECDSA_SIG_free(pair);
    BN_free(r);
    BN_free(s);
    return verdict;
}
