"""The default: servers and secrets live in the state folder that `manage.py up` makes."""

from config import env

env.load_dotenv()

from config.settings.base import *  # noqa: E402, F403
from config.settings.base import BASE_DIR  # noqa: E402
from workers.launch.state import StateFolder  # noqa: E402

STATE_DIR = BASE_DIR / env.read("FLOTILLA_STATE_DIR")
_STATE = StateFolder(STATE_DIR)
SECRET_KEY = env.read("DJANGO_SECRET_KEY") or _STATE.secret("django-key")
DATABASES = {"default": env.database(env.read("DATABASE_URL") or _STATE.database_url())}
REDIS_URL = env.read("REDIS_URL") or _STATE.redis_url()
KEY_PUBLIC_FILE = env.read("KEY_PUBLIC_FILE") or str(_STATE.public_key)
INSTALLATION_ID = env.read("INSTALLATION_ID") or _STATE.secret("installation-id")
