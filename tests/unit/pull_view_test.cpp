#include "cli/pull_view.h"

#include <gtest/gtest.h>

#include "plimsoll/size.h"

namespace plimsoll::cli {
namespace {

using Phase = models::DownloadProgress::Phase;
using std::chrono::seconds;

TEST(SpeedMeterTest, ForgetsWhatIsLongPast) {
  SpeedMeter meter;
  const SpeedMeter::Time start{};
  EXPECT_EQ(meter.bytes_per_second(), 0);
  for (int second = 0; second <= 10; ++second) meter.add(start + seconds(second), 1000U * unsigned(second));
  EXPECT_DOUBLE_EQ(meter.bytes_per_second(), 1000);
  for (int second = 11; second <= 20; ++second) meter.add(start + seconds(second), 10000);
  EXPECT_DOUBLE_EQ(meter.bytes_per_second(), 0);
  meter.add(start + seconds(21), 0);  // begun anew
  EXPECT_DOUBLE_EQ(meter.bytes_per_second(), 0);
}

TEST(PullViewTest, SaysBytesSpeedAndRest) {
  EXPECT_EQ(progress_text({Phase::fetching, "a.gguf", 100 * kMiB, 400 * kMiB, {}}, 2.0 * kMiB),
            "a.gguf: 100 MiB of 400 MiB, 2.00 MiB/s, 2:30 left");
  EXPECT_EQ(progress_text({Phase::fetching, "a.gguf", 100 * kMiB, std::nullopt, {}}, 0), "a.gguf: 100 MiB");
  EXPECT_EQ(progress_text({Phase::checking, "a.gguf", 50, 100, {}}, 0), "a.gguf: checking, 50%");
  EXPECT_EQ(progress_text({Phase::waiting, "a.gguf", 0, {}, "no answer; trying again in 1 s"}, 0),
            "a.gguf: no answer; trying again in 1 s");
}

}  // namespace
}  // namespace plimsoll::cli
