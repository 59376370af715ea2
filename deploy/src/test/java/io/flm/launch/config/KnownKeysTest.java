package io.flm.launch.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.flm.data.UserException;
import io.flm.worker.config.Keys;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KnownKeysTest {
    private final KnownKeys known = new KnownKeys(Keys.known(), Set.of("flm", "akka"));

    @Test
    void theNearestKeyIsNamedForATypingError() {
        assertThatThrownBy(() -> known.parse("flm.trian.lanes", "3", "--set"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("flm.trian.lanes (--set): no such key; did you mean flm.train.lanes?");
    }

    @Test
    void aKeyInTheWrongGroupIsFoundByItsLastPart() {
        assertThat(known.nearest("flm.worker.learning-rate")).contains("flm.train.learning-rate");
        assertThat(known.nearest("lanes")).contains("flm.train.lanes");
    }

    @Test
    void theFirstWordOfAKeyIsNearerThanAKeyOfAnotherGroup() {
        assertThat(known.nearest("flm.checkpoint.every")).contains("flm.checkpoint.every-steps");
    }

    @Test
    void whereNoKeyIsNearNoneIsNamed() {
        assertThat(known.nearest("flm.train.warp-drive")).isEmpty();
        assertThatThrownBy(() -> known.parse("flm.train.warp-drive", "0.1", "--set"))
                .hasMessage(
                        "flm.train.warp-drive (--set): no such key; `flm config flm.train` lists those of its group");
    }

    @Test
    void aKeyOfManyLettersIsNeitherComparedNorShownWhole() {
        Config longKey = ConfigFactory.parseString("flm.data." + "k".repeat(200_000) + " = 1");
        assertThatThrownBy(() -> known.check(longKey, "the request"))
                .isInstanceOf(UserException.class)
                .hasMessage("flm.data." + "k".repeat(71)
                        + " ... (the request): no such key, of 200009 letters; `flm config` lists them all");
    }

    @Test
    void anUnknownRootIsRefusedButTheLibrariesOwnAreNot() {
        Config typingError = ConfigFactory.parseString("fml.train.lanes = 3");
        assertThatThrownBy(() -> known.check(typingError, "file x"))
                .hasMessageContaining("fml.train.lanes (file x): no such key; did you mean flm.train.lanes?");
        Config akka = ConfigFactory.parseString("akka.anything = 3");
        assertThat(known.check(akka, "file x")).isEqualTo(akka);
    }

    @Test
    void aGroupIsNotAKey() {
        assertThatThrownBy(() -> known.parse("flm.train", "3", "--set"))
                .hasMessageContaining("is a group of keys")
                .hasMessageContaining("flm.train.lanes");
    }

    @Test
    void aMistypedValueIsNamedWithKeyAndWhatIsExpected() {
        assertThatThrownBy(() -> known.parse("flm.train.lanes", "many", "--set"))
                .hasMessage("flm.train.lanes = many (--set): expected a whole number from 1 to 16384 (lanes)");
        assertThatThrownBy(() -> known.parse("flm.train.whole-word", "perhaps", "--set"))
                .hasMessage("flm.train.whole-word = perhaps (--set): expected on or off");
        Config list = ConfigFactory.parseString("flm.train.lanes = [1]");
        assertThatThrownBy(() -> known.check(list, "file x")).hasMessageContaining("expected a whole number");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            flm.train.lanes = null          | flm.train.lanes = null (file x): expected a whole number from 1 to 16384 (lanes)
            flm.train.lanes {}              | flm.train.lanes = {} (file x): expected a whole number
            flm.train.lanes.x = 1           | flm.train.lanes = {x=1} (file x): expected a whole number
            flm.train.lanez {}              | flm.train.lanez (file x): no such key; did you mean flm.train.lanes?
            flm.train.lanez = null          | flm.train.lanez (file x): no such key
            flm.train = 3                   | flm.train (file x) is a group of keys
            flm = 3                         | flm (file x) is a group of keys
            flm = null                      | flm (file x) is a group of keys
            flm."train.lanes" = 3           | did you mean flm.train.lanes?
            flm.data.paths = [[a]]          | flm.data.paths = [[a]] (file x): expected a list
            flm.data.paths = [null]         | flm.data.paths = [null] (file x): expected a list
            flm.data.paths = a.tar          | flm.data.paths = a.tar (file x): expected a list of paths, such as [a, b]
            flm.data.captions = foo         | flm.data.captions = foo (file x): expected one of random, first
            flm.train.lanes = 1.5           | expected a whole number from 1 to 16384 (lanes)
            flm.train.lanes = 4294967297    | expected a whole number from 1 to 16384 (lanes)
            flm.train.lanes = 1e999999999   | expected a whole number from 1 to 16384 (lanes)
            flm.train.dropout = 1           | no such key; did you mean flm.model.dropout?
            flm.model.dropout = 1.0         | expected a number from 0 to below 1 (share)
            flm.model.dropout = 0.99999999999999999999 | expected a number from 0 to below 1 (share)
            flm.model.dropout = NaN         | expected a number from 0 to below 1 (share)
            flm.coordinator.tick = 1 week   | expected a duration from 1 ms to 1 m, in ms, s, m, h or d
            flm.coordinator.tick = 2 h      | expected a duration from 1 ms to 1 m
            flm.data.cache-size = -1        | expected a size from 0 B to 16 TiB
            """)
    void aValueThatAKeyCannotHaveIsRefusedInOneLine(String line, String message) {
        assertThatThrownBy(() -> known.check(ConfigFactory.parseString(line), "file x"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @Test
    void aValueIsKeptInOneForm() {
        Config kept = known.check(
                ConfigFactory.parseString("flm.train { lanes = \"8\", objective = FLM, eps = -0.0, steps = 1e3 }"),
                "file x");
        assertThat(kept.getValue("flm.train.lanes").unwrapped()).isEqualTo(8L);
        assertThat(kept.getString("flm.train.objective")).isEqualTo("flm");
        assertThat(kept.getValue("flm.train.eps").unwrapped()).isEqualTo(0.0);
        assertThat(kept.getInt("flm.train.steps")).isEqualTo(1000);
    }

    @Test
    void valuesOfTheCommandLineNeedNoQuotes() {
        assertThat(known.parse("flm.node.cluster", "a:b,{c}", "--set").getString("flm.node.cluster"))
                .isEqualTo("a:b,{c}");
        assertThat(known.parse("flm.data.paths", "/a b.tar,c.tar", "--set").getStringList("flm.data.paths"))
                .containsExactly("/a b.tar", "c.tar");
        assertThat(known.parse("flm.train.learning-rate", "1e-3", "--set").getDouble("flm.train.learning-rate"))
                .isEqualTo(1e-3);
        assertThat(known.parse("flm.train.whole-word", "on", "--set").getBoolean("flm.train.whole-word"))
                .isTrue();
    }

    @Test
    void editsCountInsertionsDeletionsAndReplacements() {
        assertThat(KnownKeys.edits("lanes", "lanes")).isZero();
        assertThat(KnownKeys.edits("lane", "lanes")).isEqualTo(1);
        assertThat(KnownKeys.edits("kitten", "sitting")).isEqualTo(3);
        assertThat(KnownKeys.edits("", "abc")).isEqualTo(3);
    }
}
