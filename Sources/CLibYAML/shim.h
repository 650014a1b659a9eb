// Debian's libyaml-dev, as Swift sees it; ManifestKit/YAML is the only place that imports it.
#pragma once

#include <yaml.h>
