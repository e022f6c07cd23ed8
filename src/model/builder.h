// Turns names into trunk entries and expert layouts while a family lists its steps. The first error sticks and names
// the tensor; ids are handed out all the same, so that family files read as lists.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "model/plan.h"

namespace sluice::model {

class Builder {
 public:
  Builder(const store::ModelFiles& files, Plan& plan) : files_(files), plan_(plan), list_(&plan.steps) {}

  // The first of `names` that the files hold, or nullptr.
  const store::Tensor* find(std::initializer_list<std::string_view> names) const;
  bool has(std::string_view name) const { return files_.find(name) != nullptr; }

  // A [rows, cols] matrix for the trunk. A 1-D tensor serves where rows == 1.
  MatrixId matrix(std::initializer_list<std::string_view> names, int64_t rows, int64_t cols);
  // Only the rows of `runs`, in that order, of a matrix that has `stored_rows` in the file.
  MatrixId matrix_rows(std::initializer_list<std::string_view> names, int64_t stored_rows, int64_t cols,
                       std::vector<RowRun> runs);
  // A vector of `size` values, decoded to float32. With `taps`, a convolution of size / taps channels.
  VectorId vector(std::initializer_list<std::string_view> names, int64_t size, Transform transform = Transform::none,
                  int64_t taps = 0);

  // How a layer's experts may be stored; the first layout whose tensors exist is taken.
  struct ExpertNames {
    std::string gate, up, down;        // stacked [E, width, hidden] x2, [E, hidden, width]
    std::string gate_up;               // stacked and fused [E, 2 * width, hidden]: gate rows first
    std::string each_prefix;           // per expert: each_prefix + "<e>." + each_{gate,up,down}; empty: no such layout
    std::string each_gate, each_up, each_down;
  };
  // Returns the moe_index.
  int32_t experts(int32_t layer, const ExpertNames& names, int32_t count, int32_t width, int32_t hidden);

  void step(int32_t layer, Step::Op op) { list_->push_back(Step{std::move(op), layer}); }
  // Steps from now on go to the end of `list`, one of the plan's.
  void into(std::vector<Step>& list) { list_ = &list; }
  void fail(Code code, std::string message);
  bool failed() const { return !status_.ok(); }
  // Counts what was never asked for into Plan::skipped and returns the first error.
  Status finish();

 private:
  const store::Tensor* need(std::initializer_list<std::string_view> names);
  bool usable(const store::Tensor& t);
  bool shaped(const store::Tensor& t, std::vector<int64_t> want);
  bool misshapen(const store::Tensor& t, const std::vector<int64_t>& want);  // fails, returns false
  void stacked(ExpertLayer& layer, const std::vector<const store::Tensor*>& tensors, int32_t count);
  void per_expert(ExpertLayer& layer, const ExpertNames& names, int32_t count, int32_t width, int32_t hidden);
  bool place(ExpertLayer& layer, const std::vector<store::Tensor>& parts, int32_t expert);

  const store::ModelFiles& files_;
  Plan& plan_;
  std::vector<Step>* list_;
  std::unordered_set<const store::Tensor*> used_;
  std::vector<SlotMatrix> first_;  // the parts of a layer's expert 0, which the others must match
  Status status_;
};

}  // namespace sluice::model
