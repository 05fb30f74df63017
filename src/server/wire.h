// What goes between server and worker as frames, in both directions. The read functions throw what nlohmann
// throws on anything that the write functions did not make; callers catch that where they take a frame.
#pragma once

#include "plimsoll/evaluator.h"
#include "server/engine_service.h"
#include "server/frame.h"

namespace plimsoll::server {

/// A picture's bytes are blobs; one that is a file, and a video, goes by its path. Copies the pictures once.
Frame request_to_wire(const GenerationRequest& request);
/// Takes the blobs out of the frame.
GenerationRequest request_from_wire(Frame& frame);

Json answer_to_wire(const Answer& answer);
Answer answer_from_wire(const Json& json);

Json error_to_wire(const Error& error);
Error error_from_wire(const Json& json);

}  // namespace plimsoll::server
