#include <editline/readline.h>
#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/ledger_socket.h"
#include "cli/terminal.h"

namespace plimsoll::cli {

namespace {

constexpr const char* kHelp =
    "  /image FILE   look at this picture with the next question\n"
    "  /video FILE   look at this video with the next question\n"
    "  /memory       who holds which memory\n"
    "  /clear        forget the conversation\n"
    "  /quit         leave (also Ctrl-D)\n"
    "  Ctrl-C        stop the answer\n";

// Lines from a person, edited and remembered, or from a pipe.
class LineReader {
 public:
  LineReader() : terminal_(isatty(STDIN_FILENO) == 1) {
    if (terminal_) tcgetattr(STDIN_FILENO, &before_);
  }

  std::optional<std::string> next() {
    if (!terminal_) {
      std::string line;
      return std::getline(std::cin, line) ? std::optional(line) : std::nullopt;
    }
    const std::unique_ptr<char, decltype(&std::free)> line(readline("> "), &std::free);
    if (!line) return std::nullopt;
    if (*line != '\0') add_history(line.get());
    return line.get();
  }

  // The library's raw mode must not outlive the program.
  void leave_terminal_as_it_was() const {
    if (terminal_) tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }

 private:
  bool terminal_;
  termios before_{};
};

class Chat {
 public:
  Chat(const ModelOptions& options, Session session, Interrupt& interrupt)
      : options_(options),
        session_(std::move(session)),
        interrupt_(interrupt),
        notice_(*session_.evaluator),
        waiting_(first_turn(options)) {}

  int run();

 private:
  bool handle(const std::string& line);  // false: leave
  void attach(const std::string& command, const std::string& file);
  void answer(const std::string& question);

  const ModelOptions& options_;
  Session session_;
  LedgerSocket ledger_{report::snapshots_of(session_)};
  Interrupt& interrupt_;
  PlanNotice notice_;
  std::vector<Turn> turns_;
  Turn waiting_;  // pictures or a video for the next question
};

int Chat::run() {
  LineReader reader;
  std::cerr << session_.evaluator->model_info() << ", class \""
            << to_string(session_.device.configuration.tier) << "\". /help lists the commands.\n";
  for (;;) {
    interrupt_.call([&] {
      reader.leave_terminal_as_it_was();
      _exit(static_cast<int>(ExitCode::interrupted));
    });
    const auto line = reader.next();
    interrupt_.call({});
    if (!line || !handle(*line)) return static_cast<int>(ExitCode::ok);
  }
}

bool Chat::handle(const std::string& line) {
  const std::string command = line.substr(0, line.find(' '));
  if (line.empty()) return true;
  if (command == "/quit" || command == "/exit") return false;
  if (command == "/help") {
    std::cerr << kHelp;
  } else if (command == "/memory") {
    std::cerr << memory_table(session_);
  } else if (command == "/clear") {
    turns_.clear();
    waiting_ = {};
  } else if (command == "/image" || command == "/video") {
    attach(command, line.size() > command.size() ? line.substr(command.size() + 1) : "");
  } else if (line.front() == '/') {
    std::cerr << "plimsoll: " << command << ": no such command; /help lists them\n";
  } else {
    answer(line);
  }
  return true;
}

void Chat::attach(const std::string& command, const std::string& file) {
  const bool is_video = command == "/video";
  if (file.empty() || !std::filesystem::exists(file)) {
    std::cerr << "plimsoll: " << (file.empty() ? command + " needs a file" : file + ": no such file") << "\n";
  } else if (waiting_.video || (is_video && !waiting_.images.empty())) {
    std::cerr << "plimsoll: a question takes pictures or one video; first ask about what is attached\n";
  } else if (is_video) {
    waiting_.video = VideoSource{file};
  } else {
    waiting_.images.push_back({std::filesystem::path(file)});
  }
}

void Chat::answer(const std::string& question) {
  turns_.push_back(std::exchange(waiting_, {}));
  turns_.back().prompt = question;
  interrupt_.call([&] { session_.evaluator->cancel_generation(); });
  ProgressLine progress;
  auto result = session_.evaluator->generate(
      make_request(options_, turns_),
      [&](std::string_view text) {
        progress.clear();
        notice_.show_once();
        std::cout << text << std::flush;
      },
      [&](Stage, float, std::string_view text) { progress.show(text); });
  interrupt_.call({});
  interrupt_.rearm();
  progress.clear();
  if (!result) {
    waiting_ = std::move(turns_.back());  // what is attached stays for another try
    turns_.pop_back();
    report_error(result.error(), false);
    return;
  }
  std::cout << std::endl;
  std::cerr << figures_line(session_, *result) << std::endl;
  turns_.back().answer = result->answer;
}

}  // namespace

int chat_command(const ModelOptions& options, Interrupt& interrupt) {
  auto session = session::open_session(options.session);
  if (!session) return report_error(session.error(), options.json);
  return Chat(options, std::move(*session), interrupt).run();
}

}  // namespace plimsoll::cli
