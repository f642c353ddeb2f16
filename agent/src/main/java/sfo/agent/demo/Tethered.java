package sfo.agent.demo;

import java.io.IOException;
import sfo.agent.boot.Main;

/** An agent that dies at once, as by kill -9, when its standard input ends: with the lab that started it. */
public final class Tethered {
    private Tethered() {}

    public static void main(String[] words) {
        Thread tether = new Thread(Tethered::watch, "tether");
        tether.setDaemon(true);
        tether.start();
        Main.main(words);
    }

    private static void watch() {
        try {
            System.in.transferTo(java.io.OutputStream.nullOutputStream());
        } catch (IOException e) {
            // a broken pipe is an end, too
            Runtime.getRuntime().halt(137);
        }
        Runtime.getRuntime().halt(137);
    }
}
