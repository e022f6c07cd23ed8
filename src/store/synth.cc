#include "store/synth.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "store/atomic_file.h"
#include "store/gguf_writer.h"
#include "store/synth_metadata.h"
#include "store/synth_shape.h"
#include "store/synth_write.h"

namespace sluice::store {
namespace {

constexpr uint64_t kPieceBytes = uint64_t{64} << 10;

struct Model {
  GgufHeader header;
  std::vector<SynthTensor> tensors;
  std::vector<std::unique_ptr<Filler>> fillers;
  std::vector<SynthPiece> pieces;
};

Result<SynthShape> chosen_shape(const SynthOptions& o) {
  const SynthShape* found = synth_shape(o.shape);
  if (found == nullptr) {
    return Error{Code::invalid, fmt::format("shape \"{}\" is not known; these are: {}", o.shape, synth_shape_names())};
  }
  SynthShape shape = *found;
  if (o.layers < 0 || o.layers > shape.layers) {
    return Error{Code::invalid, fmt::format("{} layers: {} has {}", o.layers, shape.name, shape.layers)};
  }
  if (o.layers > 0) shape.layers = o.layers;
  return shape;
}

// Layers repeat the same few fills: one filler for all tensors that are filled alike.
void add_fillers(Model& m, const std::vector<GgufPlace>& places) {
  std::map<std::tuple<quant::FormatId, int64_t, int, float, float, int, float>, const Filler*> made;
  for (size_t i = 0; i < m.tensors.size(); ++i) {
    const SynthTensor& t = m.tensors[i];
    const Fill& f = t.fill;
    const Filler*& filler =
        made[{t.format, t.ne[0], static_cast<int>(f.kind), f.a, f.b, static_cast<int>(f.first), f.first_value}];
    if (filler == nullptr) filler = m.fillers.emplace_back(make_filler(t.format, t.ne[0], f)).get();
    const auto row = static_cast<uint64_t>(quant::row_bytes(t.format, t.ne[0]));
    const auto most = static_cast<int64_t>(std::max<uint64_t>(kPieceBytes / row, 1));
    uint64_t number = 0;
    for (int64_t at = 0; at < t.rows(); at += most, ++number) {
      const int64_t rows = std::min(most, t.rows() - at);
      m.pieces.push_back({t.name, filler, number, rows, places[i].offset + static_cast<uint64_t>(at) * row,
                          static_cast<uint64_t>(rows) * row});
    }
  }
}

Result<Model> plan(const SynthOptions& o) {
  SLUICE_TRY(SynthShape shape, chosen_shape(o));
  const SynthFormat* format = synth_format(o.format);
  if (format == nullptr) {
    return Error{Code::invalid, fmt::format("format \"{}\" is not one that can be made; these are: {}", o.format,
                                            synth_format_names())};
  }
  SynthVocabulary vocabulary;
  if (o.vocabulary.empty()) {
    vocabulary = generated_vocabulary(shape);
  } else {
    SLUICE_TRY(vocabulary, copied_vocabulary(shape, o.vocabulary));
  }
  shape.vocab = vocabulary.rows;
  Model m;
  for (const KeyValue& pair : synth_architecture(shape, *format)) m.header.add(pair);
  for (const KeyValue& pair : vocabulary.pairs) m.header.add(pair);
  m.tensors = synth_tensors(shape, format->id, o.skew);
  for (const SynthTensor& t : m.tensors) m.header.add_tensor(t.name, t.format, t.ne);
  add_fillers(m, m.header.places());
  return m;
}

}  // namespace

Result<SynthReport> synthesize(const SynthOptions& options) {
  SLUICE_TRY(const Model model, plan(options));
  SLUICE_TRY(AtomicFile file, AtomicFile::create(options.out, model.header.file_bytes()));
  SLUICE_TRY_VOID(write_pieces({.header = model.header.bytes(),
                                .pieces = model.pieces,
                                .bytes = model.header.file_bytes(),
                                .seed = options.seed,
                                .threads = options.threads,
                                .progress = options.progress,
                                .cancel = options.cancel},
                               file));
  SLUICE_TRY_VOID(file.finish());
  SynthReport report{.bytes = model.header.file_bytes(), .tensors = static_cast<int64_t>(model.tensors.size())};
  for (const SynthTensor& t : model.tensors) report.parameters += t.ne[0] * t.rows();
  return report;
}

}  // namespace sluice::store
