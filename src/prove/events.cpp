#include "prove/events.h"

#include <utility>

#include "report/json.h"

namespace plimsoll::prove {

namespace {

using report::Json;

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};

Json json_of(const Setting& s) {
  const MemoryConfiguration& c = s.configuration;
  return {{"event", "setting"},
          {"model", s.model},
          {"device_memory_bytes", s.device_memory_bytes},
          {"strategy", static_cast<int>(c.strategy)},
          {"tier", static_cast<int>(c.tier)},
          {"cache_limit_bytes", s.cache_limit_bytes},
          {"memory_limit_bytes", report::bytes_or_null(c.memory_limit_bytes)},
          {"max_tokens", c.max_tokens},
          {"image_size", c.image_size},
          {"keep_model_loaded", c.keep_model_loaded}};
}

Setting setting_from(const Json& j) {
  Setting s{.model = j.at("model"),
            .device_memory_bytes = j.at("device_memory_bytes"),
            .configuration = {},
            .cache_limit_bytes = j.at("cache_limit_bytes")};
  MemoryConfiguration& c = s.configuration;
  c.strategy = static_cast<Strategy>(j.at("strategy").get<int>());
  c.tier = static_cast<DeviceMemoryTier>(j.at("tier").get<int>());
  if (const Json& limit = j.at("memory_limit_bytes"); !limit.is_null()) c.memory_limit_bytes = limit;
  c.cache_limit_bytes = s.cache_limit_bytes;
  c.max_tokens = j.at("max_tokens");
  c.image_size = j.at("image_size");
  c.keep_model_loaded = j.at("keep_model_loaded");
  return s;
}

Json json_of(const Answer& a) {
  return {{"event", "answer"},
          {"part", static_cast<int>(a.part)},
          {"round", a.round},
          {"at_s", a.at_s},
          {"error", a.error},
          {"load_ms", a.load_ms},
          {"response_ms", a.response_ms},
          {"whole_ms", a.whole_ms},
          {"tokens", a.tokens},
          {"tokens_per_second", a.tokens_per_second},
          {"held_ms", a.held_ms ? Json(*a.held_ms) : Json(nullptr)},
          {"picture_known", a.picture_known},
          {"cancelled", a.cancelled},
          {"model_stayed", a.model_stayed},
          {"footprint_bytes", a.footprint_bytes},
          {"footprint_peak_bytes", a.footprint_peak_bytes}};
}

Answer answer_from(const Json& j) {
  Answer a{.part = static_cast<Part>(j.at("part").get<int>()),
           .round = j.at("round"),
           .at_s = j.at("at_s"),
           .error = j.at("error"),
           .load_ms = j.at("load_ms"),
           .response_ms = j.at("response_ms"),
           .whole_ms = j.at("whole_ms"),
           .tokens = j.at("tokens"),
           .tokens_per_second = j.at("tokens_per_second")};
  if (const Json& held = j.at("held_ms"); !held.is_null()) a.held_ms = held.get<double>();
  j.at("picture_known").get_to(a.picture_known);
  j.at("cancelled").get_to(a.cancelled);
  j.at("model_stayed").get_to(a.model_stayed);
  j.at("footprint_bytes").get_to(a.footprint_bytes);
  j.at("footprint_peak_bytes").get_to(a.footprint_peak_bytes);
  return a;
}

Json json_of(const Sample& s) {
  return {{"event", "sample"},
          {"at_s", s.at_s},
          {"holders", s.holder_bytes},
          {"footprint_bytes", s.footprint_bytes},
          {"pressure", static_cast<int>(s.pressure)}};
}

Sample sample_from(const Json& j) {
  Sample s{.at_s = j.at("at_s")};
  j.at("holders").get_to(s.holder_bytes);
  j.at("footprint_bytes").get_to(s.footprint_bytes);
  s.pressure = static_cast<MemoryPressure>(j.at("pressure").get<int>());
  return s;
}

Json json_of(const Reclaim& r) {
  return {{"event", "reclaim"},
          {"at_s", r.at_s},
          {"duration_ms", r.duration_ms},
          {"name", r.name},
          {"claimed_bytes", r.claimed_bytes},
          {"returned_bytes", r.returned_bytes}};
}

Json json_of(const Call& c) { return {{"event", "call"}, {"name", c.name}, {"blocked_ms", c.blocked_ms}}; }
Json json_of(const Cleanups& c) { return {{"event", "cleanups"}, {"all", c.all}, {"needless", c.needless}}; }
Json json_of(const PartBegun& p) { return {{"event", "part"}, {"part", static_cast<int>(p.part)}}; }
Json json_of(const Loaded& l) { return {{"event", "loaded"}, {"load_ms", l.load_ms}}; }
Json json_of(const Failed& f) { return {{"event", "failed"}, {"message", f.message}}; }
Json json_of(const Done&) { return {{"event", "done"}}; }

Event event_from(const Json& j) {
  const std::string kind = j.at("event");
  if (kind == "setting") return setting_from(j);
  if (kind == "part") return PartBegun{static_cast<Part>(j.at("part").get<int>())};
  if (kind == "loaded") return Loaded{j.at("load_ms")};
  if (kind == "answer") return answer_from(j);
  if (kind == "sample") return sample_from(j);
  if (kind == "reclaim") {
    return Reclaim{j.at("at_s"), j.at("duration_ms"), j.at("name"), j.at("claimed_bytes"),
                   j.at("returned_bytes")};
  }
  if (kind == "call") return Call{j.at("name"), j.at("blocked_ms")};
  if (kind == "cleanups") return Cleanups{j.at("all"), j.at("needless")};
  if (kind == "failed") return Failed{j.at("message")};
  if (kind == "done") return Done{};
  throw Json::other_error::create(501, "unknown event " + kind, nullptr);
}

}  // namespace

void add(const Event& event, Trial& trial) {
  std::visit(Overloaded{[&](const Setting& s) { trial.setting = s; }, [](const PartBegun&) {},
                        [&](const Loaded& l) {
                          if (!trial.first_load_ms) trial.first_load_ms = l.load_ms;
                        },
                        [&](const Answer& a) { trial.answers.push_back(a); },
                        [&](const Sample& s) { trial.samples.push_back(s); },
                        [&](const Reclaim& r) { trial.reclaims.push_back(r); },
                        [&](const Call& c) { trial.calls.push_back(c); },
                        [&](const Cleanups& c) {
                          trial.cleanups.all += c.all;
                          trial.cleanups.needless += c.needless;
                        },
                        [&](const Failed& f) { trial.failure = f.message; },
                        [&](const Done&) { trial.complete = true; }},
             event);
}

Event shifted(Event event, double seconds) {
  if (auto* answer = std::get_if<Answer>(&event)) answer->at_s += seconds;
  if (auto* sample = std::get_if<Sample>(&event)) sample->at_s += seconds;
  if (auto* reclaim = std::get_if<Reclaim>(&event)) reclaim->at_s += seconds;
  return event;
}

std::string event_line(const Event& event) {
  return report::text_of(std::visit([](const auto& each) { return json_of(each); }, event));
}

Expected<Event> parse_event(std::string_view line) {
  try {
    return event_from(Json::parse(line));
  } catch (const Json::exception& error) {
    return fail(ErrorCode::io,
                std::string("a trial's process said what nobody understands (") + error.what() + ")");
  }
}

}  // namespace plimsoll::prove
