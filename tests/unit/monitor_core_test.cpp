#include "pressure/monitor_core.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace plimsoll::pressure {
namespace {

using enum MemoryPressure;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A source that says what the test tells it to; its descriptor is only a number.
class FakeSource : public PressureSource {
 public:
  explicit FakeSource(int number) : number_(number) {}
  std::string_view name() const override { return "fake"; }
  int descriptor() const override { return number_; }
  short events() const override { return POLLPRI; }
  SourceSignal on_ready(short ready) override {
    last_ready = ready;
    ++times_heard;
    return signal;
  }

  SourceSignal signal = SourceSignal::none;
  short last_ready = 0;
  int times_heard = 0;

 private:
  int number_;
};

// Writes down what it is told, one word an event.
struct Diary : PressureListener {
  void on_check(MemoryPressure pressure) override { note("check:" + std::string(to_string(pressure))); }
  void on_change(MemoryPressure from, MemoryPressure to) override {
    note(std::string(to_string(from)) + ">" + std::string(to_string(to)));
  }
  void on_emergency() override { note("emergency"); }
  void note(const std::string& word) { text += (text.empty() ? "" : " ") + word; }
  std::string take() { return std::exchange(text, {}); }

  std::string text;
};

class MonitorCoreTest : public testing::Test {
 protected:
  static constexpr int kSources = 3;

  MonitorCoreTest() {
    PressureSources sources;
    for (int i = 0; i < kSources; ++i) {
      auto source = std::make_unique<FakeSource>(100 + i);
      sources_.push_back(source.get());
      sources.push_back(std::move(source));
    }
    MonitorOptions options;
    options.sample = [this]() -> Expected<MemoryUse> {
      ++samples_;
      if (!percent_) return fail(ErrorCode::io, "no figures");
      return MemoryUse{*percent_, 100, "test"};
    };
    options.sources = std::move(sources);
    core_.emplace(std::move(options), now_);
    subscription_ = core_->subscribe(diary_);
  }

  // Ticks after `time`, with the sources ready that the test names by their descriptors.
  void tick_after(milliseconds time, const std::vector<int>& ready = {}) {
    now_ += time;
    auto set = core_->poll_set();
    for (pollfd& entry : set) {
      for (const int descriptor : ready) {
        if (entry.fd == descriptor) entry.revents = POLLPRI;
      }
    }
    core_->tick(now_, set);
  }

  // The first check is over and forgotten.
  void start_at(unsigned percent) {
    percent_ = percent;
    tick_after(milliseconds(0));
    diary_.take();
    samples_ = 0;
  }

  PressureGauge::TimePoint now_{seconds(1000)};
  std::optional<unsigned> percent_ = 10;
  int samples_ = 0;
  std::vector<FakeSource*> sources_;
  Diary diary_;
  std::optional<MonitorCore> core_;
  PressureSubscription subscription_;
};

// --- measuring every five seconds

TEST_F(MonitorCoreTest, KnowsNothingBeforeTheFirstCheck) {
  EXPECT_EQ(core_->pressure(), normal);
  EXPECT_FALSE(core_->last_use().has_value());
}

TEST_F(MonitorCoreTest, ChecksAtTheStart) {
  EXPECT_EQ(core_->next_check(), now_);
  tick_after(milliseconds(0));
  EXPECT_EQ(diary_.take(), "check:normal");
  ASSERT_TRUE(core_->last_use().has_value());
  EXPECT_EQ(core_->last_use()->used_bytes, 10U);
  EXPECT_EQ(core_->last_use()->source, "test");
}

TEST_F(MonitorCoreTest, ChecksEveryFiveSeconds) {
  start_at(10);
  EXPECT_EQ(core_->next_check(), now_ + seconds(5));
  tick_after(milliseconds(4999));
  EXPECT_EQ(samples_, 0);
  tick_after(milliseconds(1));
  EXPECT_EQ(samples_, 1);
  EXPECT_EQ(diary_.take(), "check:normal");
  tick_after(seconds(5));
  EXPECT_EQ(samples_, 2);
}

TEST_F(MonitorCoreTest, ChecksOnceAfterALongPause) {
  start_at(10);
  tick_after(seconds(3600));
  EXPECT_EQ(samples_, 1);
  EXPECT_EQ(core_->next_check(), now_ + seconds(5));
}

TEST_F(MonitorCoreTest, TellsOfAChangeBeforeTheCheckThatFoundIt) {
  start_at(10);
  percent_ = 75;
  tick_after(seconds(5));
  EXPECT_EQ(diary_.take(), "normal>warning check:warning");
  percent_ = 90;
  tick_after(seconds(5));
  EXPECT_EQ(diary_.take(), "warning>critical check:critical");
  EXPECT_EQ(core_->pressure(), critical);
  tick_after(seconds(5));
  EXPECT_EQ(diary_.take(), "check:critical");
}

TEST_F(MonitorCoreTest, NeverMakesAnEmergencyOfFiguresAlone) {
  start_at(10);
  percent_ = 100;
  tick_after(seconds(5));
  EXPECT_EQ(diary_.take(), "normal>critical check:critical");
}

TEST_F(MonitorCoreTest, KeepsItsFiguresWhereAMeasurementFails) {
  start_at(90);
  percent_.reset();
  tick_after(seconds(5));
  EXPECT_EQ(diary_.take(), "check:critical");
  EXPECT_EQ(core_->last_use()->used_bytes, 90U);
}

TEST_F(MonitorCoreTest, IsNotStuckAtCriticalWhereNothingCanEverBeMeasured) {
  percent_.reset();
  tick_after(milliseconds(0));
  core_->report_system_warning(now_);
  tick_after(milliseconds(0));
  diary_.take();
  tick_after(seconds(5));
  EXPECT_EQ(diary_.take(), "check:critical");
  tick_after(seconds(5));
  EXPECT_EQ(diary_.take(), "critical>normal check:normal");
  EXPECT_FALSE(core_->last_use().has_value());
}

// --- the emergency (spec section 6): clear, finish, notify

TEST_F(MonitorCoreTest, MakesAnEmergencyOfASystemWarningAndChecksAtOnce) {
  start_at(10);
  sources_[1]->signal = SourceSignal::warning;
  tick_after(seconds(1), {101});
  EXPECT_EQ(diary_.take(), "normal>critical emergency check:critical");
  EXPECT_EQ(core_->pressure(), critical);
  EXPECT_EQ(sources_[1]->last_ready, POLLPRI);
}

TEST_F(MonitorCoreTest, IsCriticalAsSoonAsAWarningIsReported) {
  start_at(10);
  core_->report_system_warning(now_);
  EXPECT_EQ(core_->pressure(), critical);
  EXPECT_EQ(diary_.take(), "");
  tick_after(milliseconds(0));
  EXPECT_EQ(diary_.take(), "normal>critical emergency check:critical");
}

TEST_F(MonitorCoreTest, MakesOneEmergencyOfWarningsThatComeTogether) {
  start_at(10);
  for (FakeSource* source : sources_) source->signal = SourceSignal::warning;
  core_->report_system_warning(now_);
  tick_after(milliseconds(1), {100, 101, 102});
  EXPECT_EQ(diary_.take(), "normal>critical emergency check:critical");
  for (const FakeSource* source : sources_) EXPECT_EQ(source->times_heard, 1);
}

TEST_F(MonitorCoreTest, TellsEveryFurtherWarningButDoesNotHurryTheCheck) {
  start_at(10);
  sources_[0]->signal = SourceSignal::warning;
  tick_after(seconds(1), {100});
  diary_.take();
  tick_after(seconds(2), {100});
  EXPECT_EQ(diary_.take(), "emergency");
}

TEST_F(MonitorCoreTest, StaysCriticalUntilTheHoldTimeAfterTheLastWarningIsOver) {
  start_at(10);
  core_->report_system_warning(now_);
  tick_after(milliseconds(0));
  tick_after(seconds(4));
  core_->report_system_warning(now_);
  diary_.take();
  tick_after(seconds(1));  // 1 s after the last warning
  tick_after(seconds(5));  // 6 s
  EXPECT_EQ(diary_.take(), "emergency check:critical check:critical");
  tick_after(seconds(5));  // 11 s
  EXPECT_EQ(diary_.take(), "critical>normal check:normal");
}

TEST_F(MonitorCoreTest, TellsTheNextEmergencyAfterThePressureFell) {
  start_at(10);
  core_->report_system_warning(now_);
  tick_after(milliseconds(0));
  tick_after(kWarningHold);
  diary_.take();
  core_->report_system_warning(now_);
  tick_after(milliseconds(0));
  EXPECT_EQ(diary_.take(), "normal>critical emergency check:critical");
}

// --- sources

TEST_F(MonitorCoreTest, WaitsForEverySource) {
  const auto set = core_->poll_set();
  ASSERT_EQ(set.size(), 3U);
  for (std::size_t i = 0; i < set.size(); ++i) {
    EXPECT_EQ(set[i].fd, 100 + static_cast<int>(i));
    EXPECT_EQ(set[i].events, POLLPRI);
    EXPECT_EQ(set[i].revents, 0);
  }
}

TEST_F(MonitorCoreTest, HearsOnlyTheSourcesThatAreReady) {
  start_at(10);
  tick_after(seconds(1), {102});
  EXPECT_EQ(sources_[0]->times_heard, 0);
  EXPECT_EQ(sources_[1]->times_heard, 0);
  EXPECT_EQ(sources_[2]->times_heard, 1);
  EXPECT_EQ(diary_.take(), "");
}

TEST_F(MonitorCoreTest, ChecksAtOnceWhereASourceAsksForIt) {
  start_at(10);
  percent_ = 90;
  sources_[0]->signal = SourceSignal::check;
  tick_after(seconds(1), {100});
  EXPECT_EQ(diary_.take(), "normal>critical check:critical");
  EXPECT_EQ(core_->next_check(), now_ + seconds(5));
}

TEST_F(MonitorCoreTest, ChecksOnceInHalfASecondHoweverOftenSourcesAsk) {
  start_at(10);
  for (FakeSource* source : sources_) source->signal = SourceSignal::check;
  const auto last_check = now_;
  tick_after(milliseconds(10), {100});
  tick_after(milliseconds(10), {101});
  tick_after(milliseconds(479), {102});
  EXPECT_EQ(samples_, 0);
  EXPECT_EQ(core_->next_check(), last_check + kShortestInterval);
  tick_after(milliseconds(1));
  EXPECT_EQ(samples_, 1);
  for (int i = 0; i < 100; ++i) tick_after(milliseconds(10), {100});
  EXPECT_EQ(samples_, 3);
}

TEST_F(MonitorCoreTest, DoesNotHearASourceAgainBeforeTheCheckThatItAskedFor) {
  start_at(10);
  sources_[1]->signal = SourceSignal::check;
  tick_after(milliseconds(10), {101});
  EXPECT_EQ(core_->poll_set()[0].fd, 100);
  EXPECT_LT(core_->poll_set()[1].fd, 0);
  tick_after(milliseconds(10), {101});
  EXPECT_EQ(sources_[1]->times_heard, 1);
  tick_after(kShortestInterval);
  EXPECT_EQ(core_->poll_set()[1].fd, 101);
  tick_after(milliseconds(10), {101});
  EXPECT_EQ(sources_[1]->times_heard, 2);
}

TEST_F(MonitorCoreTest, LetsGoOfASourceThatIsGoneAndStillHearsTheOthers) {
  start_at(10);
  sources_[1]->signal = SourceSignal::gone;
  sources_[0]->signal = sources_[2]->signal = SourceSignal::warning;
  tick_after(seconds(1), {100, 101, 102});
  EXPECT_EQ(diary_.take(), "normal>critical emergency check:critical");
  const auto set = core_->poll_set();
  ASSERT_EQ(set.size(), 2U);
  EXPECT_EQ(set[0].fd, 100);
  EXPECT_EQ(set[1].fd, 102);
  tick_after(seconds(1), {102});
  EXPECT_EQ(sources_[2]->times_heard, 2);
  EXPECT_EQ(sources_[0]->times_heard, 1);
}

TEST_F(MonitorCoreTest, GoesOnWithoutAnySource) {
  start_at(10);
  for (FakeSource* source : sources_) source->signal = SourceSignal::gone;
  tick_after(seconds(1), {100, 101, 102});
  EXPECT_TRUE(core_->poll_set().empty());
  percent_ = 75;
  tick_after(seconds(4));
  EXPECT_EQ(diary_.take(), "normal>warning check:warning");
}

}  // namespace
}  // namespace plimsoll::pressure
