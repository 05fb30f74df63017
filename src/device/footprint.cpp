#include <plimsoll/device.h>

#include <algorithm>

#include "device/kernel_files.h"

namespace plimsoll {

Expected<ProcessFootprint> read_process_footprint(const std::filesystem::path& root) {
  const auto status = device::KernelFiles(root).read("/proc/self/status");
  if (!status) return fail(ErrorCode::io, "/proc/self/status can not be read; is /proc mounted?");
  const auto resident = device::find_kib_as_bytes(*status, "VmRSS");
  if (!resident) return fail(ErrorCode::io, "/proc/self/status does not say what is resident (VmRSS)");

  ProcessFootprint footprint;
  footprint.resident_bytes = *resident;
  // Before Linux 4.5 there is no RssAnon: then nothing is known to be given up without swapping.
  footprint.anonymous_bytes = device::find_kib_as_bytes(*status, "RssAnon").value_or(*resident);
  footprint.virtual_bytes = device::find_kib_as_bytes(*status, "VmSize").value_or(0);
  footprint.data_bytes = device::find_kib_as_bytes(*status, "VmData").value_or(0);
  footprint.peak_bytes = std::max(*resident, device::find_kib_as_bytes(*status, "VmHWM").value_or(0));
  return footprint;
}

}  // namespace plimsoll
