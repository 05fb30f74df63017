// What an answer cost as JSON.
#pragma once

#include "plimsoll/evaluator.h"
#include "report/json.h"

namespace plimsoll::report {

Json timing_json(const GenerationTiming& timing);
Json image_json(const ImageCost& image);

}  // namespace plimsoll::report
