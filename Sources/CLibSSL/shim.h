// Debian's libssl-dev, as Swift sees it: libcrypto for OpenSSLCrypto, libssl for RedisQueue's TLS.
#pragma once

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
