package io.flm.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import io.flm.exchange.LaneRange;
import io.flm.worker.Generation;
import io.flm.worker.RunPlan;
import io.flm.worker.Worker;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class MembershipTest {
    private static final RunPlan PLAN = RunPlan.of("r", "r-1", "", "1", 8, 100).withWorkers(3, 3);
    private static final ActorTestKit KIT = ActorTestKit.create();

    @AfterAll
    static void shutDown() {
        KIT.shutdownTestKit();
    }

    private static Worker.Described worker(String name, long steps) {
        return new Worker.Described(
                name,
                KIT.<Worker.Command>createTestProbe().getRef(),
                "n",
                "cpu",
                "",
                "1",
                1,
                Worker.Phase.WAITING,
                "r-1",
                1,
                null,
                Map.of(),
                null,
                6,
                steps,
                0,
                "prepared");
    }

    private static SortedMap<String, Worker.Described> workers(Worker.Described... all) {
        SortedMap<String, Worker.Described> workers = new TreeMap<>();
        for (Worker.Described d : all) {
            workers.put(d.worker(), d);
        }
        return workers;
    }

    @Test
    void waitsUntilAllWorkersAreThereAndSaysForHowMany() {
        Membership.Decision decision = Membership.decide(PLAN, workers(worker("a", 0), worker("b", 0)), 0);
        assertThat(decision.next()).isEmpty();
        assertThat(decision.reason()).isEqualTo("2 of 3 workers prepared");
    }

    @Test
    void theFirstStepIsTheMostThatAnybodyHoldsAndTheNumberGrows() {
        Generation g = Membership.decide(PLAN, workers(worker("c", 40), worker("a", 39), worker("b", 40)), 6)
                .next()
                .orElseThrow();
        assertThat(g.number()).isEqualTo(7);
        assertThat(g.firstStep()).isEqualTo(40);
        assertThat(g.members().stream().map(Generation.Member::worker)).containsExactly("a", "b", "c");
        assertThat(g.holders()).containsExactly(1, 2);
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
