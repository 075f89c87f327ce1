// SPDX-License-Identifier: Apache-2.0
#include "sim/witness/ordering.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "isa/footprint.hpp"
#include "isa/walker.hpp"

namespace systole {
namespace {

// An instruction as it was executed.
struct Executed {
  std::size_t position = 0;
  UnitId unit;
  Indices indices{};
  std::vector<TileAccess> accesses;
};

bool meet(const Executed& a, const Executed& b) {
  for (const TileAccess& x : a.accesses) {
    for (const TileAccess& y : b.accesses) {
      if (x.access == Access::kRead && y.access == Access::kRead) continue;
      const Region& r = x.region;
      const Region& s = y.region;
      if (r.space == s.space && r.unit == s.unit && r.begin < s.end() && s.begin < r.end()) {
        return true;
      }
    }
  }
  return false;
}

// One queue of one list of nodes after another: `before` has to be complete at node `from` (in the
// iteration `distance` before) when `after` starts at node `to`.
struct Queues {
  std::size_t list = 0;
  UnitId before, after;
  friend bool operator<(const Queues& a, const Queues& b) {
    return std::tie(a.list, a.before, a.after) < std::tie(b.list, b.before, b.after);
  }
};

// Tokens that a unit takes before, or gives after, a node.
using Tokens = std::map<std::pair<std::size_t, UnitId>, std::vector<Token>>;

class Orderer {
 public:
  Orderer(const Nodes& nodes, Program& program, Dice& dice)
      : nodes_(nodes), program_(program), dice_(dice), flat_(flatten(nodes)) {
    waits_.resize(flat_.lists);
    signals_.resize(flat_.lists);
  }

  Nodes run() {
    find();
    for (const auto& [queues, needs] : forward_) add_forward(queues, needs);
    for (const auto& [queues, need] : back_) add_back(queues, need);
    std::size_t list = 0;
    return rebuilt(nodes_, list);
  }

 private:
  struct Back {
    std::size_t from = 0, to = 0;
    std::int64_t distance = 0;
  };

  void find() {
    std::vector<Executed> all;
    StreamWalker walker(flat_.stream, program_.tables);
    while (walker.next()) {
      const Instruction& instruction = walker.instruction();
      all.push_back({walker.position(), instruction.unit, walker.indices(),
                     footprint(instruction, walker.indices(), program_.tables)});
    }
    for (std::size_t y = 0; y < all.size(); ++y) {
      for (std::size_t x = 0; x < y; ++x) {
        if (all[x].unit == all[y].unit && all[x].unit.kind != UnitKind::kDma) continue;
        if (meet(all[x], all[y])) relate(all[x], all[y]);
      }
    }
  }

  // Notes what orders `x` before `y`, in the innermost list that they have in common.
  void relate(const Executed& x, const Executed& y) {
    const auto& a = flat_.paths[x.position];
    const auto& b = flat_.paths[y.position];
    for (std::size_t depth = 0;; ++depth) {
      const Queues queues{a[depth].list, x.unit, y.unit};
      if (a[depth].node != b[depth].node) {
        need(queues, a[depth].node, b[depth].node);
        return;
      }
      const std::int64_t distance = y.indices[depth] - x.indices[depth];
      if (distance == 0) continue;
      const TreePlace& from = a[depth + 1];
      const TreePlace& to = b[depth + 1];
      const Queues inner{from.list, x.unit, y.unit};
      if (from.node < to.node) {
        need(inner, from.node, to.node);
      } else {
        const auto [found, fresh] = back_.try_emplace(inner, Back{from.node, to.node, distance});
        Back& back = found->second;
        back.from = std::max(back.from, from.node);
        back.to = std::min(back.to, to.node);
        back.distance = std::min(back.distance, distance);
      }
      return;
    }
  }
  void need(const Queues& queues, std::size_t from, std::size_t to) {
    std::size_t& latest = forward_[queues].try_emplace(to, from).first->second;
    latest = std::max(latest, from);
  }

  // Each token is given later than the one before it, and taken later.
  void add_forward(const Queues& queues, const std::map<std::size_t, std::size_t>& needs) {
    std::int32_t semaphore = -1;
    std::int64_t covered = -1;
    for (const auto& [to, from] : needs) {
      if (static_cast<std::int64_t>(from) <= covered) continue;
      covered = static_cast<std::int64_t>(from);
      if (semaphore < 0) semaphore = add_semaphore(queues, "to", 0);
      // Now and then several tokens stand for one.
      const std::int32_t count =
          dice_.odds(1, 8) ? static_cast<std::int32_t>(dice_.between(2, 3)) : 1;
      signals_[queues.list][{from, queues.before}].push_back({semaphore, count});
      waits_[queues.list][{to, queues.after}].push_back({semaphore, count});
    }
  }

  void add_back(const Queues& queues, const Back& back) {
    const std::int32_t semaphore = add_semaphore(queues, "frees", back.distance);
    signals_[queues.list][{back.from, queues.before}].push_back({semaphore, 1});
    waits_[queues.list][{back.to, queues.after}].push_back({semaphore, 1});
  }

  std::int32_t add_semaphore(const Queues& queues, std::string_view verb, std::int64_t initial) {
    program_.semaphores.push_back({fmt::format("{}_{}_{}.{}", name_of(queues.before), verb,
                                               name_of(queues.after), queues.list),
                                   initial});
    return static_cast<std::int32_t>(program_.semaphores.size()) - 1;
  }

  Nodes rebuilt(const Nodes& nodes, std::size_t& next) {
    const std::size_t list = next++;
    Nodes result;
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      Node node = nodes[n];
      if (node.is_loop()) node.body = rebuilt(nodes[n].body, next);
      std::vector<Token> own_waits = carried(waits_[list], n, node, result);
      Nodes after;
      std::vector<Token> own_signals = carried(signals_[list], n, node, after);
      for (Node& sync : after) sync.instruction.signals.swap(sync.instruction.waits);
      node.instruction.waits = std::move(own_waits);
      node.instruction.signals = std::move(own_signals);
      result.push_back(std::move(node));
      for (Node& sync : after) result.push_back(std::move(sync));
    }
    return result;
  }

  // What `node` carries itself of the tokens at it; syncs for the others are added to `syncs`, as
  // waits.
  std::vector<Token> carried(const Tokens& tokens, std::size_t at, const Node& node, Nodes& syncs) {
    std::vector<Token> own;
    const UnitId least{UnitKind::kDma, 0};
    for (auto entry = tokens.lower_bound({at, least}); entry != tokens.end(); ++entry) {
      const auto& [place, list] = *entry;
      if (place.first != at) break;
      for (const Token token : list) {
        const bool own_token = !node.is_loop() && node.instruction.guard.tests.empty() &&
                               node.instruction.unit == place.second && own.size() < kMaxTokens &&
                               !dice_.odds(1, 10);
        if (own_token) {
          own.push_back(token);
          continue;
        }
        Node sync = leaf(place.second, Sync{});
        sync.instruction.waits.push_back(token);
        syncs.push_back(std::move(sync));
      }
    }
    return own;
  }

  const Nodes& nodes_;
  Program& program_;
  Dice& dice_;
  FlatTree flat_;
  std::map<Queues, std::map<std::size_t, std::size_t>> forward_;  // node -> the last it needs
  std::map<Queues, Back> back_;
  std::vector<Tokens> waits_, signals_;  // by list
};

}  // namespace

Nodes ordered(const Nodes& nodes, Program& program, Dice& dice) {
  return Orderer(nodes, program, dice).run();
}

}  // namespace systole
