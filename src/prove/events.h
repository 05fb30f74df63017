// What a trial's process tells while it runs, and how that adds up to a Trial.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <variant>

#include "plimsoll/error.h"
#include "prove/measurements.h"

namespace plimsoll::prove {

struct PartBegun {
  Part part = Part::first_load;
};
struct Loaded {
  double load_ms = 0;
};
struct Failed {
  std::string message;
};
struct Done {};

using Event = std::variant<Setting, PartBegun, Loaded, Answer, Sample, Reclaim, Call, Cleanups, Failed, Done>;
using EventSink = std::function<void(const Event&)>;

void add(const Event& event, Trial& trial);

/// The same at a later moment: a second process counts from its own beginning.
Event shifted(Event event, double seconds);

/// One line of JSON, without its end.
std::string event_line(const Event& event);

/// Reads what event_line() wrote. Fails with `io` on anything else.
Expected<Event> parse_event(std::string_view line);

}  // namespace plimsoll::prove
