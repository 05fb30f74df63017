#pragma once

#include <string>

#include "synth/model_file.h"
#include "synth/shapes.h"
#include "synth/weight_type.h"

namespace plimsoll::synth {

// The stem of both files' names and of general.name.
inline std::string synthetic_name(const ModelShape& shape, WeightType type) {
  return std::string(shape.name) + "-synthetic-" + name_of(type);
}

inline void set_general_keys(gguf_context* file, const char* architecture, const std::string& name,
                             const ModelShape& shape, WeightType type) {
  gguf_set_val_str(file, "general.architecture", architecture);
  gguf_set_val_str(file, "general.name", name.c_str());
  gguf_set_val_str(file, "general.description",
                   "Synthetic: random weights in a real model's shapes, for measuring.");
  gguf_set_val_str(file, "general.size_label", std::string(shape.size_label).c_str());
  gguf_set_val_u32(file, "general.file_type", file_type_of(type));
  gguf_set_val_u32(file, "general.quantization_version", GGML_QNT_VERSION);
}

}  // namespace plimsoll::synth
