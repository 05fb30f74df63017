// Does the plan's rounds on a session, and tells what it measures as it happens.
#pragma once

#include <filesystem>
#include <vector>

#include "prove/events.h"
#include "session/session.h"

namespace plimsoll::prove {

/// Blocking, as long as the plan takes. Begins with `first`: the parts before it are taken for done. `sink`
/// is called from several threads, one call at a time. REQUIRES: `pictures` is not empty.
void do_rounds(session::Session& session, const Plan& plan,
               const std::vector<std::filesystem::path>& pictures, const EventSink& sink,
               Part first = Part::first_load);

}  // namespace plimsoll::prove
