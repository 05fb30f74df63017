// Where models that a user fetched are kept. Pure functions of the environment.
#pragma once

#include <filesystem>
#include <vector>

#include "base/environment.h"

namespace plimsoll {

/// $PLIMSOLL_MODELS, then $XDG_DATA_HOME/plimsoll/models (XDG_DATA_HOME is ~/.local/share where it is not set
/// or not absolute). The first is where a new model goes; names are looked up in all of them. Empty where
/// neither a variable nor a home says where.
///
/// Data, not cache: a cache may be emptied at any time by whoever cleans up, and a device without a network
/// could not have its model back.
std::vector<std::filesystem::path> pulled_model_folders(const Environment& environment);

}  // namespace plimsoll
