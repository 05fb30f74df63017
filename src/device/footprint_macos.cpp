#include <mach/mach.h>
#include <plimsoll/device.h>

namespace plimsoll {

Expected<ProcessFootprint> read_process_footprint(const std::filesystem::path&) {
  task_vm_info_data_t info{};
  mach_msg_type_number_t count = TASK_VM_INFO_COUNT;
  if (task_info(mach_task_self(), TASK_VM_INFO, reinterpret_cast<task_info_t>(&info), &count) !=
      KERN_SUCCESS) {
    return fail(ErrorCode::io, "the system does not say what this process occupies (task_info)");
  }
  // The footprint is what the system's limits count: compressed memory too, clean file pages not.
  return ProcessFootprint{info.phys_footprint, info.internal + info.compressed, info.resident_size_peak};
}

}  // namespace plimsoll
