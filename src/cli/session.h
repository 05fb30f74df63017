// What the command line asks for as requests to a session.
#pragma once

#include <vector>

#include "cli/options.h"
#include "session/session.h"

namespace plimsoll::cli {

using session::DeviceSetup;
using session::Session;

/// A turn with the pictures or the video that the options name, and no question yet.
Turn first_turn(const ModelOptions& options);

/// The request for a conversation's turns, with what the options say about sampling.
GenerationRequest make_request(const ModelOptions& options, std::vector<Turn> turns);

}  // namespace plimsoll::cli
