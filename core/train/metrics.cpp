#include "train/metrics.h"

#include <cmath>

#include "config/form.h"
#include "signsym/v1/metrics.pb.h"

namespace signsym {

std::string write(const Metrics& metrics, Format format) {
  v1::Metrics m;
  const auto set = [&m](double value, void (v1::Metrics::*setter)(double)) {
    if (std::isfinite(value)) (m.*setter)(value);
  };
  m.set_finished(metrics.finished);
  m.set_epoch(metrics.progress.epoch);
  m.set_step(metrics.progress.step);
  if (metrics.steps_per_epoch > 0) {
    m.set_step_in_epoch(metrics.progress.batch);
    m.set_steps_per_epoch(metrics.steps_per_epoch);
  }
  set(metrics.learning_rate, &v1::Metrics::set_learning_rate);
  set(metrics.step_loss, &v1::Metrics::set_step_loss);
  set(metrics.train_loss, &v1::Metrics::set_train_loss);
  set(metrics.train_top1, &v1::Metrics::set_train_top1);
  if (metrics.evaluation.samples > 0) {
    set(metrics.evaluation.loss, &v1::Metrics::set_loss);
    set(metrics.evaluation.top1, &v1::Metrics::set_top1);
    set(metrics.evaluation.top5, &v1::Metrics::set_top5);
    m.set_samples(metrics.evaluation.samples);
  }
  if (metrics.progress.best_step >= 0) {
    m.set_best_top1(metrics.progress.best_top1);
    m.set_best_step(metrics.progress.best_step);
  }
  if (metrics.samples_per_second > 0) set(metrics.samples_per_second, &v1::Metrics::set_samples_per_second);
  return write(m, format);
}

}  // namespace signsym
