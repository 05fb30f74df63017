// What only the engine's thread may give back, offered to the pool and to the ladder.
#pragma once

#include <functional>
#include <string_view>
#include <utility>

#include "evaluator/engine_desk.h"
#include "plimsoll/reclaim.h"

namespace plimsoll {

class DeskReclaimer : public Reclaimer {
 public:
  /// `held` may be called by any thread, `give` is called by the engine's. Both return bytes.
  DeskReclaimer(ReclaimRung rung, EngineDesk& desk, std::function<std::size_t()> held,
                std::function<std::size_t()> give)
      : rung_(rung), desk_(desk), held_(std::move(held)), give_(std::move(give)) {}

  ReclaimRung rung() const override { return rung_; }
  std::string_view name() const override { return to_string(rung_); }
  std::size_t reclaimable_bytes() const override { return held_(); }
  std::size_t reclaim(std::size_t) override { return desk_.ask(give_); }

 private:
  ReclaimRung rung_;
  EngineDesk& desk_;
  std::function<std::size_t()> held_;
  std::function<std::size_t()> give_;
};

}  // namespace plimsoll
