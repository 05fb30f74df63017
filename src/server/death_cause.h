// Why a worker died, as far as one can tell from how it ended and what it said before.
#pragma once

namespace plimsoll::server {

enum class DeathCause {
  defect,  // a crash with memory to spare, an exit, or a program that can not be started
  memory,  // memory ran out, and the plan is what can take less
  media,   // memory ran out, and a request's own picture or video is what took it
};

}  // namespace plimsoll::server
