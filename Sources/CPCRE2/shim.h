// Debian's libpcre2-dev in its 8-bit form; ValidationKit/Pattern.swift is the only place that imports it.
#pragma once

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
