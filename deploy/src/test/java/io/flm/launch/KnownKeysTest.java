package io.flm.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.flm.data.UserException;
import org.junit.jupiter.api.Test;

class KnownKeysTest {
    private final KnownKeys known = new KnownKeys(ConfigFactory.parseString("""
            flm.train { lanes = 8, whole-word = off, objective = flm, learning-rate = 8e-5 }
            flm.data.paths = []
            akka.loglevel = INFO
            """));

    @Test
    void theNearestKeyIsNamedForATypingError() {
        assertThatThrownBy(() -> known.parse("flm.trian.lanes", "3", "--set"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("flm.trian.lanes (--set): no such key; did you mean flm.train.lanes?");
    }

    @Test
    void aKeyInTheWrongGroupIsFoundByItsLastPart() {
        assertThat(known.nearest("flm.worker.learning-rate")).isEqualTo("flm.train.learning-rate");
        assertThat(known.nearest("lanes")).isEqualTo("flm.train.lanes");
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
    void aMistypedValueIsNamedWithKeyAndExpectedType() {
        assertThatThrownBy(() -> known.parse("flm.train.lanes", "many", "--set"))
                .hasMessage("flm.train.lanes = many (--set): expected a number");
        assertThatThrownBy(() -> known.parse("flm.train.whole-word", "perhaps", "--set"))
                .hasMessage("flm.train.whole-word = perhaps (--set): expected true or false");
        assertThatThrownBy(() -> known.parse("flm.train.lanes", "1.5", "--set"))
                .hasMessage("flm.train.lanes = 1.5 (--set): expected a whole number");
        Config list = ConfigFactory.parseString("flm.train.lanes = [1]");
        assertThatThrownBy(() -> known.check(list, "file x")).hasMessageContaining("expected a number");
        assertThatThrownBy(() -> known.parse("flm.train.lanes", "{", "--set"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("flm.train.lanes = {");
    }

    @Test
    void valuesOfTheCommandLineNeedNoQuotes() {
        assertThat(known.parse("flm.train.objective", "a:b,{c}", "--set").getString("flm.train.objective"))
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
