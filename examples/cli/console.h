// What is written for a person: one line that is redrawn while something goes on, on a terminal; plain lines elsewhere.
#pragma once

#include <mutex>
#include <string>

namespace driver {

// stdout as a place to draw on. Used from several threads.
class Console {
 public:
  Console();

  // Whether a line can be redrawn: a terminal, and TERM is not "dumb".
  bool live() const { return live_; }
  // Columns that a redrawn line can have now: all but three, for the terminal's own "^C" and the cursor.
  int room() const;
  // `text` in an SGR code ("36" cyan, "2" dim, "31" red) if this is a terminal and NO_COLOR is not set.
  std::string colour(const std::string& code, const std::string& text) const;
  // A bar of so many columns; what is left of it is dim, or blank where there is no colour.
  std::string bar(double fraction, int width) const;

  // The line at the bottom, replaced by the next; cut where the room ends. Nothing in a pipe.
  void redraw(const std::string& text);
  // A line that stays; it takes the place of the redrawn one.
  void line(const std::string& text);
  // A line on stderr; the redrawn one is wiped first, and comes back with the next redraw().
  void warn(const std::string& text);
  // Leaves the redrawn line where it is, followed by a newline.
  void keep();

  // errno of the first write to stdout that failed, after which nothing more is written; 0: all got out.
  int error() const;

 private:
  void wipe();
  void put(const std::string& bytes);

  mutable std::mutex mutex_;
  const bool live_;
  const bool coloured_;
  int drawn_ = 0;   // columns of the redrawn line; 0: there is none
  int error_ = 0;
};

// The exit code after a write to stdout failed with this errno: quietly that of SIGPIPE (141) if the reader went away;
// else it is said on stderr.
int closed_stdout(int error);

}  // namespace driver
