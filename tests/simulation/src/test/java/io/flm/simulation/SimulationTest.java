package io.flm.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class SimulationTest {
    private static final int SEEDS = Integer.getInteger("flm.seeds", 1000);
    private static final Simulation SIMULATION = new Simulation();

    @AfterAll
    static void close() {
        SIMULATION.close();
    }

    @Test
    void everyPropertyHoldsForAThousandSeeds() {
        List<String> failures = new ArrayList<>();
        for (long seed = 1; seed <= SEEDS && failures.size() < 10; seed++) {
            Simulation.Outcome outcome = SIMULATION.run(Scenario.draw(seed), line -> {});
            if (!outcome.holds()) {
                failures.add(outcome.property() + ": " + outcome.what() + "; repeat: flm simulate --seed " + seed);
            }
        }
        assertThat(failures).isEmpty();
    }

    @Test
    void fiveHundredAndTwelveWorkersComeThroughTheirFaults() {
        Simulation.Outcome outcome = SIMULATION.run(Scenario.draw(1, 512), line -> {});
        assertThat(outcome.what()).isNull();
    }

    @Test
    void aSeedLeadsToTheSameHistoryEachTime() {
        List<String> once = new ArrayList<>();
        List<String> again = new ArrayList<>();
        SIMULATION.run(Scenario.draw(7), once::add);
        SIMULATION.run(Scenario.draw(8), line -> {});
        SIMULATION.run(Scenario.draw(7), again::add);
        assertThat(again).isEqualTo(once).hasSizeGreaterThan(3);
    }

    @Test
    void whereTheGradientsOfANodeNeverPassTheOthersFinishWithoutIt() {
        for (int nodes = 2; nodes <= 5; nodes++) {
            Scenario drawn = Scenario.draw(1, nodes);
            for (int walled = 0; walled < nodes; walled++) {
                for (long atMs : new long[] {0, 6000}) {
                    Scenario scenario = drawn.with(new Fault.Firewall(atMs, 1e9, walled));
                    Simulation.Outcome outcome = SIMULATION.run(scenario, line -> {});
                    assertThat(outcome.what()).as(scenario.text()).isNull();
                }
            }
        }
    }

    @Test
    void whereTheTransportOfANodeIsDeadForGoodTheOthersFinishWithoutIt() {
        for (int nodes = 2; nodes <= 5; nodes++) {
            Scenario drawn = Scenario.draw(1, nodes);
            for (int dead = 0; dead < nodes; dead++) { // the coordinator's node too
                for (long atMs : new long[] {0, 6000}) {
                    Scenario scenario = drawn.with(new Fault.DeadTransport(atMs, 1e9, dead));
                    Simulation.Outcome outcome = SIMULATION.run(scenario, line -> {});
                    assertThat(outcome.what()).as(scenario.text()).isNull();
                    assertThat(outcome.goodput().generations())
                            .as(scenario.text())
                            .isLessThan(20);
                }
            }
        }
    }

    @Test
    void whereAllTransportsAreDeadOneNodeFinishesAlone() {
        Scenario scenario = Scenario.draw(1, 3)
                .with(
                        new Fault.DeadTransport(6000, 1e9, 0),
                        new Fault.DeadTransport(6500, 1e9, 1),
                        new Fault.DeadTransport(7000, 1e9, 2));
        assertThat(SIMULATION.run(scenario, line -> {}).what()).isNull();
    }

    @Test
    void aTransportThatDiesAndComesBackAgainAndAgainStopsNobody() {
        List<Fault> flapping = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            flapping.add(new Fault.DeadTransport(5000 + i * 700, 350, 1));
        }
        Scenario scenario = Scenario.draw(1, 4).with(flapping.toArray(Fault[]::new));
        Simulation.Outcome outcome = SIMULATION.run(scenario, line -> {});
        assertThat(outcome.what()).isNull();
        assertThat(outcome.goodput().generations()).isLessThan(70);
    }

    /** What the others hold is done again, once the node that holds more had its time to hand it over. */
    @Test
    void whereOnlyANodeWithADeadTransportHoldsTheNewestStateTheOthersDoWithoutIt() {
        Scenario scenario = Scenario.draw(1, 3)
                .with(
                        new Fault.Kill(8000, 4000, 0),
                        new Fault.DeadTransport(8000, 1e9, 1),
                        new Fault.Kill(8000, 4000, 2));
        assertThat(SIMULATION.run(scenario, line -> {}).what()).isNull();
    }

    /** Nobody is blamed, so nobody is left out. */
    @Test
    void whereADeadTransportIsNotToldAsOnesOwnTheRunDoesNotGetOn() {
        for (long seed = 1; seed <= SEEDS; seed++) {
            Scenario scenario = Scenario.draw(seed);
            Simulation.Outcome broken = SIMULATION.run(scenario, Set.of(BrokenRule.NO_SELF_BLAME), line -> {});
            if (!broken.holds()) {
                assertThat(broken.property())
                        .as("seed %d: %s", seed, broken.what())
                        .isEqualTo("GetsOnWithoutDeadTransports");
                assertThat(SIMULATION.run(scenario, line -> {}).what())
                        .as("with the rule")
                        .isNull();
                return;
            }
        }
        throw new AssertionError("no seed of " + SEEDS + " needs the rule");
    }

    /** Who has kept what it needs of the shard trains on with it. */
    @Test
    void whereEachWorkerLeavesOutBrokenShardsByItselfTheWeightsAreOthers() {
        for (long seed = 1; seed <= SEEDS; seed++) {
            Scenario scenario = Scenario.draw(seed);
            Simulation.Outcome broken = SIMULATION.run(scenario, Set.of(BrokenRule.NO_AGREEMENT_ON_SHARDS), line -> {});
            if (!broken.holds()) {
                assertThat(broken.property())
                        .as("seed %d: %s", seed, broken.what())
                        .isIn("SameWeightsAsUndisturbed", "OneHistory");
                assertThat(SIMULATION.run(scenario, line -> {}).what())
                        .as("with the rule")
                        .isNull();
                return;
            }
        }
        throw new AssertionError("no seed of " + SEEDS + " needs the rule");
    }

    /** A gradient of a generation that is over is added to those of the next one. */
    @Test
    void whereContributionsAreNotFencedByGenerationALaneIsFoundTwice() {
        for (long seed = 1; seed <= SEEDS; seed++) {
            Scenario scenario = Scenario.draw(seed);
            Simulation.Outcome broken = SIMULATION.run(scenario, Set.of(BrokenRule.NO_FENCE), line -> {});
            if (!broken.holds()) {
                assertThat(broken.property())
                        .as("seed %d: %s", seed, broken.what())
                        .isEqualTo("EveryLaneOnce");
                assertThat(SIMULATION.run(scenario, line -> {}).what())
                        .as("with the fence")
                        .isNull();
                return;
            }
        }
        throw new AssertionError("no seed of " + SEEDS + " needs the fence");
    }
}
