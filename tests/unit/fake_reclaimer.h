// A reclaimer that does what the test says, and writes down what it was asked.
#pragma once

#include <plimsoll/reclaim.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::test {

class FakeReclaimer : public Reclaimer {
 public:
  using Reclaim = std::function<std::size_t(std::size_t target_bytes)>;

  FakeReclaimer(ReclaimRung rung, std::string name, Reclaim reclaim)
      : rung_(rung), name_(std::move(name)), reclaim_(std::move(reclaim)) {}
  ReclaimRung rung() const override { return rung_; }
  std::string_view name() const override { return name_; }
  std::size_t reclaimable_bytes() const override { return reclaimable; }
  std::size_t reclaim(std::size_t target_bytes) override { return reclaim_(target_bytes); }

  std::size_t reclaimable = 1;

 private:
  ReclaimRung rung_;
  std::string name_;
  Reclaim reclaim_;
};

}  // namespace plimsoll::test
