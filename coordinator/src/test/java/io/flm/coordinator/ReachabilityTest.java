package io.flm.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ReachabilityTest {
    private static final Set<String> ALL = Set.of("a", "b", "c", "d");

    private static Set<String> leftOut(Map<String, Set<String>> unheard, Set<String> holders) {
        return Reachability.leftOut(unheard, ALL, holders).keySet();
    }

    @Test
    void whoHearsNobodyIsLeftOutWhoeverTellsOfIt() {
        assertThat(leftOut(Map.of("a", Set.of("b", "c", "d")), ALL)).containsExactly("a");
        assertThat(leftOut(Map.of("b", Set.of("a")), ALL)).containsExactly("a");
        Map<String, Set<String>> everybody =
                Map.of("a", Set.of("b", "c", "d"), "b", Set.of("a"), "c", Set.of("a"), "d", Set.of("a"));
        assertThat(Reachability.leftOut(everybody, ALL, ALL)).isEqualTo(Map.of("a", Set.of("b", "c", "d")));
    }

    @Test
    void ofTwoThatDoNotHearEachOtherOneIsLeftOutThoughTheOthersPassOnWhatEachSaid() {
        Map<String, Set<String>> unheard =
                Map.of("a", Set.of("d"), "d", Set.of("a"), "b", Set.of("d"), "c", Set.of("a"));
        assertThat(leftOut(unheard, ALL)).containsExactly("d");
        assertThat(leftOut(unheard, Set.of("b", "c", "d"))).as("a has no state").containsExactly("a");
    }

    @Test
    void twoThatHearOnlyEachOtherAreBothLeftOut() {
        Map<String, Set<String>> unheard = Map.of("a", Set.of("c", "d"), "c", Set.of("a", "b"));
        assertThat(leftOut(unheard, Set.of("a", "b"))).containsExactly("c", "d");
    }

    @Test
    void theLastThatHoldsTheStateStaysAndThoseThatDoNotHearItAreLeftOut() {
        Map<String, Set<String>> unheard = Map.of("a", Set.of("b", "c", "d"));
        assertThat(leftOut(unheard, Set.of("a"))).containsExactly("b", "c", "d");
    }

    @Test
    void whoDoesNotAnswerTheCoordinatorEitherIsNoReason() {
        Map<String, Set<String>> unheard = Map.of("a", Set.of("x"), "b", Set.of("x"), "c", Set.of("x"));
        assertThat(leftOut(unheard, ALL)).isEmpty();
    }
}
