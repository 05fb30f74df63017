#include "cli/openmp_wait.h"

#ifdef __linux__
#include <unistd.h>

#include <cstdlib>
#endif

namespace plimsoll::cli {

void limit_openmp_spinning([[maybe_unused]] char** argv) {
#ifdef __linux__
  // About 15 us: as fast as the default when alone (bench/bench_two_at_once.sh).
  constexpr const char* kSpinCount = "5000";
  if (getenv("GOMP_SPINCOUNT") != nullptr || getenv("OMP_WAIT_POLICY") != nullptr) return;
  if (setenv("GOMP_SPINCOUNT", kSpinCount, 0) == 0) execv("/proc/self/exe", argv);
#endif
}

}  // namespace plimsoll::cli
