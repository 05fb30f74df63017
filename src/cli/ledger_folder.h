// Where running programs offer their ledger: a socket PID.sock in a folder that is its user's alone.
// Thread-safe.
#pragma once

#include <sys/un.h>

#include <filesystem>
#include <vector>

#include "base/file_descriptor.h"
#include "plimsoll/error.h"

namespace plimsoll::cli {

/// In this order: $XDG_RUNTIME_DIR/plimsoll, plimsoll-UID in $TMPDIR or /tmp. A program uses the first that
/// it can; a watcher, whose environment may be another one, looks into both.
std::vector<std::filesystem::path> ledger_folders();

/// Makes the folder where it is missing. Fails with `io` where it can not be made, belongs to somebody else,
/// or lets others in.
Expected<void> make_private_folder(const std::filesystem::path& folder);

/// Fails with `io` when the path is longer than the system allows for a socket.
Expected<sockaddr_un> socket_address(const std::filesystem::path& path);

/// A local stream socket that does not block. Not open when the process has no descriptor left.
FileDescriptor make_socket();

struct OfferedLedger {
  int pid = 0;
  FileDescriptor stream;
};

/// Connects to every ledger in these folders, by process id. Sockets that nobody listens at, of programs that
/// were killed, are removed.
std::vector<OfferedLedger> connect_to_ledgers(const std::vector<std::filesystem::path>& folders);

}  // namespace plimsoll::cli
