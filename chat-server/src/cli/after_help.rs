//! What stands below the options in `--help`.

pub(super) const AFTER_HELP: &str = "\
Examples:
  chat-server                                  on port 5000 of all addresses
  chat-server --listen 5002                    on another port
  chat-server --listen 127.0.0.1:5000          for this machine only
  chat-server --history /var/lib/chat/room.jsonl --history-sync always
                                               keeps what is said, whatever happens
  chat-server --max-per-address 0 --max-new-per-address 0 --max-unjoined-per-address 0
                                               for a class behind one router
  chat-server --names known --people /etc/chat/people
                                               lets only those people in
  chat-server --tls require --cert fullchain.pem --key privkey.pem
                                               for the internet, with a real certificate
  chat-server --console                        with a prompt below the log
  chat-server ctl kick bo                      tells the server that runs here to remove bo

Signals:
  SIGTERM, SIGINT   say goodbye to everyone, and end; the second one ends it at once
  SIGUSR1           write the counters into the log
  SIGHUP            begin a new history file if the old one was moved away, and read the
                    configuration and the files that it names again

Environment:
  CHAT_SERVER_…     every option, as CHAT_SERVER_MAX_CLIENTS for --max-clients
  NO_COLOR          if it is set, this text has no colours
  RUNTIME_DIRECTORY a folder for the control socket, as systemd sets it
  STATE_DIRECTORY   a folder for the server's own key, as systemd sets it
  XDG_CONFIG_HOME   chat/server.toml is read below it; ~/.config unless it is set
  XDG_STATE_HOME    otherwise the key is kept below it, in chat-server/server.key;
                    ~/.local/state unless it is set

Exit status:
  0   a signal has ended the server
  1   the history, the key or the socket of --control cannot be opened, or the system refuses
      what the server needs
  2   wrong arguments, or mistakes in the configuration
  3   an address cannot be listened on";
