// A ledger as a person sees it.
#pragma once

#include <string>
#include <vector>

#include "report/ledger_snapshot.h"

namespace plimsoll::cli {

using report::LedgerSnapshot;
using report::ReclaimEvent;

struct ViewStyle {
  int width = 80;  // columns; no line is longer
  bool colour = false;
};

/// Who holds what as bars against the memory limit, or against the device where there is no limit; the
/// process on the device; what the plan gave up; the latest of `reclaims`. A pure function.
std::string watch_view(const LedgerSnapshot& snapshot, const std::vector<ReclaimEvent>& reclaims,
                       const ViewStyle& style);

}  // namespace plimsoll::cli
