// Asks the hub what a repository holds.
#pragma once

#include <string>

#include "models/download.h"
#include "models/hub.h"
#include "models/hub_listing.h"
#include "plimsoll/cancel.h"
#include "plimsoll/error.h"

namespace plimsoll::models {

/// Blocking. With the token of `hub`, and the tries and waits of `options`. Fails as download() does.
Expected<HubListing> fetch_listing(const Hub& hub, const std::string& repository,
                                   const DownloadOptions& options, const CancelFlag& cancel);

}  // namespace plimsoll::models
