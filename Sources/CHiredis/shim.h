// Debian's libhiredis-dev, as Swift sees it: only the formatter and the reply reader are used.
#pragma once

#include <hiredis/hiredis.h>
#include <hiredis/read.h>
