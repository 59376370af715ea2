package io.flm.worker.train;

import io.flm.exchange.Codec;
import io.flm.exchange.GroupSpec;
import io.flm.worker.Generation;
import java.util.Base64;
import java.util.List;

/** A generation as the exchange sees it: nodes by index, their names for messages. */
final class GroupSpecs {
    private GroupSpecs() {}

    /** @param segments stages of the flat gradient */
    static GroupSpec of(Generation generation, int segments, Codec codec) {
        List<String> nodes = generation.nodes();
        return new GroupSpec(
                generation.number(),
                segments,
                codec,
                generation.members().stream()
                        .map(member -> new GroupSpec.Rank(member.lanes(), nodes.indexOf(member.node())))
                        .toList(),
                nodes,
                nodes.stream().map(node -> endpoint(generation, node)).toList(),
                generation.holders(),
                generation.key() == null ? new byte[0] : Base64.getDecoder().decode(generation.key()));
    }

    private static String endpoint(Generation generation, String node) {
        return generation.members().stream()
                .filter(member -> member.node().equals(node))
                .map(Generation.Member::endpoint)
                .findFirst()
                .orElseThrow();
    }
}
