package io.flm.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import io.flm.data.BrokenShards;
import io.flm.worker.Generation;
import io.flm.worker.RunPlan;
import io.flm.worker.Worker;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
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
        return worker(name, steps, BrokenShards.NONE);
    }

    private static Worker.Described worker(String name, long steps, BrokenShards broken) {
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
                broken,
                0,
                "prepared");
    }

    private static List<Membership.Candidate> candidates(Worker.Described... workers) {
        return Arrays.stream(workers).map(d -> Membership.judge(PLAN, d)).toList();
    }

    @Test
    void waitsUntilThereAreEnoughAndSaysForHowMany() {
        Membership.Decision decision = Membership.decide(PLAN, candidates(worker("a", 0), worker("b", 0)), 0);
        assertThat(decision.next()).isEmpty();
        assertThat(decision.reason()).isEqualTo("2 of 3 workers are ready");
    }

    @Test
    void theFirstStepIsTheMostThatAnybodyHoldsAndTheNumberGrows() {
        Generation g = Membership.decide(PLAN, candidates(worker("c", 40), worker("a", 39), worker("b", 40)), 6)
                .next()
                .orElseThrow();
        assertThat(g.number()).isEqualTo(7);
        assertThat(g.firstStep()).isEqualTo(40);
        assertThat(g.members().stream().map(Generation.Member::worker)).containsExactly("a", "b", "c");
        assertThat(g.holders()).containsExactly(1, 2);
    }

    /** Members that were cut off together for a moment may have left out a shard that the others could read. */
    @Test
    void ofTwoStatesOfOneStepOneHoldsAndItsShardsAreLeftOut() {
        BrokenShards early = BrokenShards.NONE.with("x.tar", 30);
        BrokenShards now = BrokenShards.NONE.with("y.tar", 40);
        Generation g = Membership.decide(
                        PLAN, candidates(worker("c", 40, now), worker("a", 40), worker("b", 40, early)), 6)
                .next()
                .orElseThrow();
        assertThat(g.holders()).containsExactly(0, 2); // a, c
        assertThat(g.broken()).isEqualTo(now);
    }

    @Test
    void ofTooManyThoseThatHoldTheStateComeFirst() {
        Generation g = Membership.decide(
                        PLAN, candidates(worker("a", 0), worker("b", 7), worker("c", 7), worker("d", 7)), 0)
                .next()
                .orElseThrow();
        assertThat(g.members().stream().map(Generation.Member::worker)).containsExactly("b", "c", "d");
    }

    @Test
    void whoIsNotReadyIsNamedWithTheReason() {
        Worker.Described broken = describedIn(worker("x", 0), Worker.Phase.UNFIT, "the device broke");
        Worker.Described busy = describedIn(worker("y", 0), Worker.Phase.PREPARING, "builds");
        assertThat(Membership.decide(PLAN, candidates(worker("a", 0), broken, busy), 0)
                        .reason())
                .isEqualTo("1 of 3 workers are ready; preparing: y; unfit: x (the device broke)");
    }

    private static Worker.Described describedIn(Worker.Described d, Worker.Phase phase, String reason) {
        return new Worker.Described(
                d.worker(),
                d.self(),
                d.node(),
                d.device(),
                d.endpoint(),
                d.version(),
                d.epoch(),
                phase,
                d.run(),
                d.revision(),
                null,
                d.hashes(),
                null,
                d.lastGeneration(),
                d.steps(),
                d.broken(),
                d.laneMs(),
                reason);
    }
}
