// libvips as this room wants it: bounded memory, silent, owned objects.
#pragma once

#include <vips/vips.h>

#include <memory>
#include <string>

namespace plimsoll::media {

struct Unref {
  void operator()(gpointer object) const { g_object_unref(object); }
};
template <typename T>
using Object = std::unique_ptr<T, Unref>;

/// Once for the process, about 20 ms. False when libvips does not start. Thread-safe.
bool start_libvips();

/// Takes libvips's error text, which all its threads share: good as a detail, not as a reason.
std::string take_libvips_detail();

}  // namespace plimsoll::media
