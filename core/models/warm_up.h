// LibTorch makes some of its statics when it first works (autograd's engine, oneDNN's caches), in the midst of a step.
// exit() destroys the newest things first: those would be gone while the step still goes on.
#pragma once

namespace signsym {

// Once a process, in some milliseconds: has them made, before the work that exit() waits for. From any thread.
void warm_up();

}  // namespace signsym
