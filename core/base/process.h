// The life of the process that the library is in. exit() may come while other threads are inside the library, and
// fork() makes a process without them: here such threads are counted, told and waited for. All of it from any thread.
#pragma once

namespace signsym {

// exit() has begun: what goes on is to end as soon as it can, and calls no function of the host's any more.
bool exiting() noexcept;
// This process is a child, by fork, of one that had used the library: threads and locks that it needs are not here.
bool forked() noexcept;
// Throws cancelled where exit() has begun, unsupported in a forked child: for the places where long work can stop.
void check_process();

// exit() waits for the library's threads before it destroys what has been made up to now. Later things too, soon after
// they were made: what checks the process and what enters the library calls it by itself, ever more seldom.
void keep_exit_first() noexcept;

// A thread is inside the library. exit() ends what goes on there and waits for it, ten seconds at most; then it is
// completed at once, without the handlers that are left: what they destroy is in use.
class InLibrary {
 public:
  InLibrary() noexcept;
  ~InLibrary();
  InLibrary(const InLibrary&) = delete;

  // Throws unsupported where nothing may begin any more: after exit() has begun, and in a forked child.
  void require() const;
  // May objects that hold more than memory go? Not in a forked child, nor beside a thread that exits.
  bool may_free() const noexcept;

 private:
  bool outermost_;
};

// A thread that is inside the library is in a function of the host's, which exit() does not wait for. Where exit() went
// on meanwhile, the thread never comes back: what it would work with is gone. On another thread it does nothing.
class InHost {
 public:
  InHost() noexcept;
  ~InHost();
  InHost(const InHost&) = delete;

 private:
  bool was_inside_;
};

}  // namespace signsym
