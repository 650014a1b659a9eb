// Debian's libssl-dev, as Swift sees it: libcrypto for OpenSSLCrypto, libssl for RedisQueue's TLS and HealthProbe's.
#pragma once

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

// Swift does not see a macro that calls another one.
static const uint64_t provision_no_renegotiation = SSL_OP_NO_RENEGOTIATION;
