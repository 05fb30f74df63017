#include "report/error_json.h"

namespace plimsoll::report {

Json denial_json(const BudgetDenial& denial) {
  Json holders = Json::object();
  for (const HolderShare& share : denial.holders) holders[share.holder] = share.bytes;
  return {{"holder", denial.holder},
          {"requested_bytes", denial.requested_bytes},
          {"available_bytes", denial.available_bytes},
          {"limit_bytes", denial.limit_bytes},
          {"bound", denial.bound},
          {"holders", holders}};
}

Json error_json(const Error& error) {
  Json body = {{"code", to_string(error.code)}, {"message", error.message}};
  if (error.denial) body["denial"] = denial_json(*error.denial);
  return body;
}

}  // namespace plimsoll::report
