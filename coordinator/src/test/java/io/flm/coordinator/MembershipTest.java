package io.flm.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.exchange.LaneRange;
import io.flm.worker.Generation;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class MembershipTest {
    private static final RunPlan PLAN = new RunPlan("r", 8, 100, 0, 3);

    private static SortedMap<String, String> workers(String... names) {
        SortedMap<String, String> workers = new TreeMap<>();
        for (String name : names) {
            workers.put(name, "cpu");
        }
        return workers;
    }

    @Test
    void waitsUntilAllWorkersAreThereAndSaysForHowMany() {
        Membership.Decision decision = Membership.decide(PLAN, workers("a", "b"), 0, 0);
        assertThat(decision.next()).isEmpty();
        assertThat(decision.reason()).isEqualTo("2 of 3 workers registered");
    }

    @Test
    void ranksAreByNameAndTheNumberGrows() {
        Generation g =
                Membership.decide(PLAN, workers("c", "a", "b"), 6, 40).next().orElseThrow();
        assertThat(g.number()).isEqualTo(7);
        assertThat(g.firstStep()).isEqualTo(40);
        assertThat(g.members().stream().map(Generation.Member::worker)).containsExactly("a", "b", "c");
    }

    @Test
    void lanesAreDealtInContiguousRunsThatCoverThemAll() {
        assertThat(Membership.deal(8, 3))
                .isEqualTo(List.of(new LaneRange(0, 2), new LaneRange(2, 5), new LaneRange(5, 8)));
        Map.of(1, 1, 7, 3, 8, 8, 64, 5).forEach((lanes, workers) -> {
            List<LaneRange> deal = Membership.deal(lanes, workers);
            int next = 0;
            for (LaneRange range : deal) {
                assertThat(range.from()).isEqualTo(next);
                assertThat(range.count()).isBetween(lanes / workers, lanes / workers + 1);
                next = range.to();
            }
            assertThat(next).isEqualTo(lanes);
        });
    }
}
