#include "media/libvips.h"

#include <array>
#include <string_view>

namespace plimsoll::media {

namespace {

void drop_log_line(const gchar*, GLogLevelFlags, const gchar*, gpointer) {}

// libvips offers this setting as a command line option only. Its default of 128 rows makes each cache of
// a streamed picture eight times as tall: 47 MiB instead of 11 for a PNG of 8000x6000.
bool set_tile_height() {
  std::array<char, 16> program{"plimsoll"};
  std::array<char, 32> option{"--vips-tile-height=16"};
  std::array<char*, 3> words{program.data(), option.data(), nullptr};
  char** arguments = words.data();
  int count = 2;
  const std::unique_ptr<GOptionContext, decltype(&g_option_context_free)> context(
      g_option_context_new(nullptr), &g_option_context_free);
  GOptionGroup* group = g_option_group_new("vips", "", "", nullptr, nullptr);
  vips_add_option_entries(group);
  g_option_context_set_main_group(context.get(), group);
  g_option_context_set_help_enabled(context.get(), FALSE);
  return g_option_context_parse(context.get(), &count, &arguments, nullptr) != FALSE;
}

}  // namespace

// Warnings are dropped because what matters of them comes back as an error. One worker and no cache of
// operations keep memory bounded.
bool start_libvips() {
  static const bool started = [] {
    g_log_set_handler("VIPS", static_cast<GLogLevelFlags>(G_LOG_LEVEL_WARNING | G_LOG_LEVEL_MESSAGE),
                      drop_log_line, nullptr);
    if (VIPS_INIT("plimsoll") != 0 || !set_tile_height()) return false;
    vips_cache_set_max(0);
    vips_concurrency_set(1);
    return true;
  }();
  return started;
}

std::string take_libvips_detail() {
  const std::unique_ptr<char, decltype(&g_free)> text(vips_error_buffer_copy(), &g_free);
  const std::string_view all = text ? text.get() : "";
  return std::string(all.substr(0, all.find('\n')));
}

}  // namespace plimsoll::media
